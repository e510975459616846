package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func mustLoad(t *testing.T, data string, given Secrets, generate bool) Secrets {
	t.Helper()
	s, made, err := loadSecrets(data, given, generate)
	if err == nil && made != nil {
		err = writeSecrets(secretsFile(data), *made)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSecretsAreMadeOnceAndKept(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if s := mustLoad(t, data, Secrets{}, false); len(s.missing()) != 7 {
		t.Errorf("missing %v, want all seven", s.missing())
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("only looking made the data folder")
	}
	made := mustLoad(t, data, Secrets{}, true)
	if len(made.missing()) > 0 || made.PushKeyBackup != "" || made.PlayKeyBackup != "" {
		t.Errorf("missing %v; backups %v", made.missing(), made.PushKeyBackup != "" || made.PlayKeyBackup != "")
	}
	if m := mode(t, secretsFile(data)); m != 0o600 {
		t.Errorf("the file is %o", m)
	}
	if m := mode(t, data); m != 0o700 {
		t.Errorf("the folder is %o", m)
	}
	before, err := os.ReadFile(secretsFile(data))
	if err != nil {
		t.Fatal(err)
	}
	if again := mustLoad(t, data, Secrets{}, true); again != made {
		t.Error("other secrets at the second start")
	}
	if after, _ := os.ReadFile(secretsFile(data)); string(after) != string(before) {
		t.Error("the second start wrote the file anew")
	}
	if other := mustLoad(t, t.TempDir(), Secrets{}, true); other.PushKey == made.PushKey || other.APIToken == made.APIToken {
		t.Error("two installations have the same secrets")
	}
	if left, _ := filepath.Glob(filepath.Join(data, "secrets-*")); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestAPartialFileIsCompleted(t *testing.T) {
	data := t.TempDir()
	if err := writeSecrets(secretsFile(data), Secrets{PushKey: "the old push key", PlayKeyBackup: "the old play key"}); err != nil {
		t.Fatal(err)
	}
	s := mustLoad(t, data, Secrets{}, true)
	if s.PushKey != "the old push key" || s.PlayKeyBackup != "the old play key" || len(s.missing()) > 0 {
		t.Errorf("missing %v, or what was there is not", s.missing())
	}
	kept, err := readSecrets(secretsFile(data))
	if err != nil || kept != s {
		t.Errorf("what is kept is not what is used: %v", err)
	}
	if m := mode(t, secretsFile(data)); m != 0o600 {
		t.Errorf("the file is %o", m)
	}
}

func TestWhereSecretsComeFrom(t *testing.T) {
	data := t.TempDir()
	kept := mustLoad(t, data, Secrets{}, true)
	given := Secrets{PushKey: "push key of the YAML", PlayKey: "play key of the YAML", SDKAppID: 7}
	t.Setenv("LIVEROOM_PUSH_KEY", "push key of the environment")
	s := mustLoad(t, data, given, true)
	if s.PushKey != "push key of the environment" || s.PlayKey != "play key of the YAML" || s.SDKAppID != 7 || s.NodeKey != kept.NodeKey {
		t.Errorf("not environment before YAML before the data folder")
	}
	t.Setenv("LIVEROOM_SDK_APP_ID", "8")
	if s := mustLoad(t, data, given, true); s.SDKAppID != 8 {
		t.Errorf("application id %d, want the environment's", s.SDKAppID)
	}
	t.Setenv("LIVEROOM_SDK_APP_ID", "")
	t.Setenv("LIVEROOM_NODE_KEY", "") // as a compose file sets what its host does not have
	if s := mustLoad(t, data, given, true); s.SDKAppID != 7 || s.NodeKey != kept.NodeKey {
		t.Error("an empty variable is taken for a secret")
	}
	if still, err := readSecrets(secretsFile(data)); err != nil || still != kept {
		t.Errorf("given secrets changed the kept ones: %v", err)
	}
}

// TestGivenSecretsAreNotWrittenDown: only what had to be made is.
func TestGivenSecretsAreNotWrittenDown(t *testing.T) {
	data := t.TempDir()
	t.Setenv("LIVEROOM_PUSH_KEY", "push key of the environment")
	s := mustLoad(t, data, Secrets{PlayKey: "play key of the YAML"}, true)
	if len(s.missing()) > 0 {
		t.Errorf("missing %v", s.missing())
	}
	raw, err := os.ReadFile(secretsFile(data))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(raw), "push") || strings.Contains(string(raw), "play") || !strings.Contains(string(raw), s.NodeKey) {
		t.Errorf("kept:\n%s", raw)
	}
}

func TestCompleteSecretsNeedNoFile(t *testing.T) {
	for line := range strings.Lines(mustCommand(t, "secrets")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		t.Setenv(name, value)
	}
	data := t.TempDir()
	s, err := serve(t, append(freePorts(t), "--data", data)...)
	if err != nil {
		t.Fatal(err)
	}
	s.end(t)
	if _, err := os.Stat(secretsFile(data)); err == nil {
		t.Error("a secret was made although all were given")
	}
	printed := s.out.String() + s.log.String()
	for _, name := range []string{"LIVEROOM_API_TOKEN", "LIVEROOM_APP_SECRET", "LIVEROOM_PUSH_KEY", "LIVEROOM_PLAY_KEY", "LIVEROOM_NODE_KEY", "LIVEROOM_FILE_KEY"} {
		if v := os.Getenv(name); v == "" || strings.Contains(printed, v) {
			t.Errorf("%s is not set, or was printed", name)
		}
	}
}

func TestSecretsThatCannotBe(t *testing.T) {
	complete := func(change func(*Secrets)) Secrets {
		s := newSecrets()
		change(&s)
		return s
	}
	for _, c := range []struct {
		name  string
		given Secrets
		says  []string
	}{
		{"short push key", complete(func(s *Secrets) { s.PushKey = "opensea" }), []string{"LIVEROOM_PUSH_KEY", "8 characters"}},
		{"short backup", complete(func(s *Secrets) { s.PlayKeyBackup = "opensea" }), []string{"LIVEROOM_PLAY_KEY_BACKUP", "8 characters"}},
		{"short token", complete(func(s *Secrets) { s.APIToken = "opensesame" }), []string{"LIVEROOM_API_TOKEN", "16 characters"}},
		{"short node key", complete(func(s *Secrets) { s.NodeKey = "opensesame" }), []string{"LIVEROOM_NODE_KEY", "16 characters"}},
		{"short file key", complete(func(s *Secrets) { s.FileKey = "opensesame" }), []string{"LIVEROOM_FILE_KEY", "16 characters"}},
		{"short callback key", complete(func(s *Secrets) { s.CallbackKey = "opensea" }), []string{"LIVEROOM_CALLBACK_KEY", "8 characters"}},
		{"stream and status key equal", complete(func(s *Secrets) { s.StreamKey, s.StatusKey = "opensesame", "opensesame" }), []string{"LIVEROOM_STREAM_CALLBACK_KEY", "LIVEROOM_STATUS_CALLBACK_KEY", "same"}},
		{"file and node key equal", complete(func(s *Secrets) { s.FileKey = s.NodeKey }), []string{"LIVEROOM_NODE_KEY", "LIVEROOM_FILE_KEY", "same"}},
		{"push and play equal", complete(func(s *Secrets) { s.PushKey = s.PlayKey }), []string{"LIVEROOM_PUSH_KEY", "LIVEROOM_PLAY_KEY", "same"}},
		{"backup is the key", complete(func(s *Secrets) { s.PushKeyBackup = s.PushKey }), []string{"LIVEROOM_PUSH_KEY", "LIVEROOM_PUSH_KEY_BACKUP", "same"}},
		{"token is the app secret", complete(func(s *Secrets) { s.APIToken = s.AppSecret }), []string{"LIVEROOM_API_TOKEN", "LIVEROOM_APP_SECRET", "same"}},
		{"large application id", complete(func(s *Secrets) { s.SDKAppID = 1 << 32 }), []string{"LIVEROOM_SDK_APP_ID", "4294967295"}},
		{"large application id of the IM host", complete(func(s *Secrets) { s.IMAppID = 1 << 32 }), []string{"LIVEROOM_IM_APP_ID", "4294967295"}},
		{"short key of the IM host", complete(func(s *Secrets) { s.IMSecret = "opensea" }), []string{"LIVEROOM_IM_SECRET", "8 characters"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := loadSecrets(t.TempDir(), c.given, true)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, w := range c.says {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not say %q", err, w)
				}
			}
			for _, f := range c.given.fields() {
				if *f.value != "" && strings.Contains(err.Error(), *f.value) {
					t.Errorf("error %q shows %s", err, f.env)
				}
			}
		})
	}
	for _, name := range []string{"LIVEROOM_SDK_APP_ID", "LIVEROOM_IM_APP_ID"} {
		for _, id := range []string{"0", "-1", "4294967296", "opensesame"} {
			t.Run(name+" "+id, func(t *testing.T) {
				t.Setenv(name, id)
				_, _, err := loadSecrets(t.TempDir(), Secrets{}, true)
				if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "opensesame") {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

// TestTheKeyOfTheIMHostMayBeOurs: who brings his application along from there has it in both places for a while.
func TestTheKeyOfTheIMHostMayBeOurs(t *testing.T) {
	given := newSecrets()
	t.Setenv("LIVEROOM_IM_SECRET", given.AppSecret)
	t.Setenv("LIVEROOM_IM_APP_ID", "1400000009")
	if s := mustLoad(t, t.TempDir(), given, true); s.IMSecret != given.AppSecret || s.IMAppID != 1400000009 {
		t.Errorf("key %v, application id %d", s.IMSecret == given.AppSecret, s.IMAppID)
	}
}

func TestABrokenSecretsFile(t *testing.T) {
	for _, c := range []struct{ name, content string }{
		{"unknown key", "push-key: opensesame\nopensesame: x\n"},
		{"open quote", "push-key: \"opensesame\n"},
		{"list", "push-key: [opensesame]\n"},
		{"no mapping", "opensesame"},
		{"binary", "\x00\x01opensesame\xff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := t.TempDir()
			if err := os.WriteFile(secretsFile(data), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := loadSecrets(data, Secrets{}, true)
			if err == nil || !strings.Contains(err.Error(), secretsFile(data)) || strings.Contains(err.Error(), "opensesame") {
				t.Errorf("error %v", err)
			}
			if after, _ := os.ReadFile(secretsFile(data)); string(after) != c.content {
				t.Error("the file was replaced")
			}
			mustFail(t, []string{"serve", "--data", data}, secretsFile(data))
		})
	}
	t.Run("a folder", func(t *testing.T) {
		data := t.TempDir()
		if err := os.Mkdir(secretsFile(data), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, _, err := loadSecrets(data, Secrets{}, true); err == nil || !strings.Contains(err.Error(), "secrets.yaml") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("nowhere to write", func(t *testing.T) {
		if _, _, err := loadSecrets(writeFile(t, "data", "a file"), Secrets{}, true); err == nil {
			t.Error("secrets were made that are kept nowhere")
		}
	})
}

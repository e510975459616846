package im

import (
	"net/url"
	"testing"
)

// FuzzCredentials holds the reader of queries against net/url, where that finds nothing wrong.
func FuzzCredentials(f *testing.F) {
	for _, seed := range []string{
		"sdkappid=1&identifier=administrator&usersig=eJ*-_&random=1&contenttype=json", "usersig=a%2Ab&sdkappid=%31&identifier=a+b", "usersig=&usersig=b",
		"", "&&=&", "sdkappid", "sdkappid=&sdkappid=2", "identifier=%zz", "usersig=%", "usersig=a;sdkappid=1", "SDKAPPID=1", "%73dkappid=1",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got := credentialsOf(query)
		want, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		for name, values := range map[string]string{"sdkappid": got.appID, "identifier": got.identifier, "usersig": got.userSig} {
			all := want[name]
			for name != "sdkappid" && len(all) > 1 && all[0] == "" {
				all = all[1:] // an empty one is as good as none
			}
			if len(all) > 0 && all[0] != values {
				t.Errorf("%s of %q: %q, want %q", name, query, values, all[0])
			}
		}
		if got.hasAppID != want.Has("sdkappid") {
			t.Errorf("%q has an sdkappid: %v", query, got.hasAppID)
		}
	})
}

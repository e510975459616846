//go:build !unix

package ffmpeg

import "os/exec"

// supported says that processes can't be supervised here.
const supported = false

func apart(*exec.Cmd) {}

func restrain(int, Config) {}

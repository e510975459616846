package chat

import "strings"

// Platforms as Identity.Platform has them. Clients on others may call theirs what they like.
const (
	PlatformWeb         = "Web"
	PlatformMiniProgram = "MiniProgram"
	PlatformUniApp      = "uni-app"
	PlatformAndroid     = "Android"
	PlatformIOS         = "iOS"
	PlatformIPad        = "iPad"
	PlatformWindows     = "Windows"
	PlatformMac         = "Mac"
	PlatformREST        = "RESTAPI" // a backend; no client is on it
	PlatformUnknown     = "Unknown"
)

// platforms are the ways in which clients write them, in lower case.
var platforms = map[string]string{
	"": PlatformWeb, "web": PlatformWeb, "h5": PlatformWeb, "react-native": PlatformWeb,
	"miniprogram": PlatformMiniProgram, "mini-program": PlatformMiniProgram, "wechat": PlatformMiniProgram,
	"uni-app": PlatformUniApp, "uniapp": PlatformUniApp,
	"android": PlatformAndroid, "ios": PlatformIOS, "iphone": PlatformIOS, "ipad": PlatformIPad, "ipados": PlatformIPad,
	"windows": PlatformWindows, "win": PlatformWindows, "pc": PlatformWindows, "mac": PlatformMac, "macos": PlatformMac,
	"restapi": PlatformUnknown, "unknown": PlatformUnknown,
}

// NormalPlatform is what a client says it runs on, written as here. None is Web, and what is not known stays as it is.
func NormalPlatform(said string) string {
	if known, ok := platforms[strings.ToLower(said)]; ok {
		return known
	}
	return said
}

// OptPlatform is Tencent's word for a platform (spec im-callbacks §1.1). Pages, mini-programs and uni-app are all web
// instances.
func OptPlatform(platform string) string {
	switch platform {
	case PlatformWeb, PlatformMiniProgram, PlatformUniApp, "":
		return PlatformWeb
	case PlatformAndroid, PlatformIOS, PlatformIPad, PlatformWindows, PlatformMac, PlatformREST:
		return platform
	}
	return PlatformUnknown
}

// Rivals says which of a user's devices are of one kind: of too many of them the oldest is sent away.
type Rivals uint8

// The rules.
const (
	RivalsOfPlatform Rivals = iota // web instances, and the apps of each native platform
	RivalsOfApps                   // web instances, and all apps together
	RivalsAll                      // all devices together; Config.NativeInstances holds for them
)

// kind names the devices that one on a platform counts with.
func (r Rivals) kind(platform string) string {
	switch opt := OptPlatform(platform); {
	case r == RivalsAll, r == RivalsOfApps && opt != PlatformWeb:
		return ""
	default:
		return opt
	}
}

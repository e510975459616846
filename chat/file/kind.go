package file

// Kind is what a file is to the people in a chat.
type Kind string

// The kinds of files.
const (
	Image Kind = "image"
	Sound Kind = "sound"
	Video Kind = "video"
	Other Kind = "file"
)

// Kinds are all of them.
var Kinds = [...]Kind{Image, Sound, Video, Other}

// Most bytes of a file, by its kind (spec im-websdk §11; of sounds as Tencent's native SDKs have it).
const (
	maxImage = 20 << 20
	maxSound = 28 << 20
	maxVideo = 100 << 20
	maxOther = 100 << 20
)

// MaxBytes is how large a file of this kind may be; 0: there is no such kind.
func (k Kind) MaxBytes() int64 {
	switch k {
	case Image:
		return maxImage
	case Sound:
		return maxSound
	case Video:
		return maxVideo
	case Other:
		return maxOther
	}
	return 0
}

package address

// Codes of Error, stable and snake_case: they reach logs, metrics, /refusals and the API.
const (
	CodeMissing   = "missing_signature"   // txSecret or txTime is not there
	CodeSignature = "bad_signature"       // txSecret fits no key
	CodeTime      = "malformed_time"      // txTime is neither 1–8 hex nor exactly 10 decimal digits
	CodeDuplicate = "duplicate_parameter" // two copies of txSecret or txTime that could be told apart
	CodeExpired   = "expired"             // rightly signed, but too late
	CodeDelay     = "malformed_delay"     // txDelayTime is not whole seconds up to 600
	CodeName      = "bad_name"            // not a stream name
	CodeURL       = "bad_url"             // not an address of this kind at all
)

// Error says why an address is refused. Detail is a sentence a person can act on and holds no signature.
type Error struct {
	Code   string
	Detail string
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

func refuse(code, detail string) *Error { return &Error{Code: code, Detail: detail} }

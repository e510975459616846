package web

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
)

// globals sets what gin and huma keep in package variables: the same for every server of the process, once, so that
// servers may be made at the same time.
var globals = sync.OnceFunc(func() {
	gin.SetMode(gin.ReleaseMode)
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return requestProblem(status, msg, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := requestProblem(status, msg, errs)
		if ctx != nil {
			p.RequestID = requestID(ctx.Context())
		}
		return p
	}
})

// requestCodes name what is wrong with a request before any handler sees it.
var requestCodes = map[int]string{
	http.StatusBadRequest:            "bad_request",
	http.StatusNotAcceptable:         "not_acceptable",
	http.StatusRequestTimeout:        "timeout",
	http.StatusRequestEntityTooLarge: "too_large",
	http.StatusUnsupportedMediaType:  "unsupported_media_type",
	http.StatusUnprocessableEntity:   "invalid",
}

// missingProperty finds the field in huma's words for one that is needed and absent.
var missingProperty = regexp.MustCompile(`^expected required property (\w+) to be present$`)

// wrongType finds the field in encoding/json's words for a value of the wrong type.
var wrongType = regexp.MustCompile(`^json: cannot unmarshal (.+?)(?: [-0-9]\S*)? into Go struct field \w*\.([\w.]+) of type`)

// embeddedStruct finds what encoding/json puts into the path of a field and nobody sent: names of fields begin small.
var embeddedStruct = regexp.MustCompile(`\b[A-Z]\w*\.`)

// shownBytes bounds how much of what was sent comes back in an error.
const shownBytes = 100

// requestProblem puts huma's findings into our form. Values that were sent are not repeated, names shortened.
func requestProblem(status int, msg string, errs []error) *Problem {
	code := requestCodes[status]
	if code == "" {
		return newProblem(http.StatusInternalServerError, "internal", "something went wrong here; the log has it under the request's id")
	}
	p := newProblem(status, code, msg)
	var found []string
	for _, err := range errs {
		var detailer huma.ErrorDetailer
		if err == nil || !errors.As(err, &detailer) || len(found) == 3 {
			continue
		}
		d := detailer.ErrorDetail()
		message, field := d.Message, shorten(d.Location[strings.IndexByte(d.Location, '.')+1:])
		if missing := missingProperty.FindStringSubmatch(d.Message); missing != nil && field == "body" {
			field = missing[1]
		}
		if wrong := wrongType.FindStringSubmatch(d.Message); wrong != nil {
			field, message = shorten(embeddedStruct.ReplaceAllString(wrong[2], "")), "a JSON "+wrong[1]+" does not fit here"
		}
		if len(found) == 0 && field != "body" {
			p.Field = field
		}
		found = append(found, field+": "+shorten(message))
	}
	if len(found) > 0 {
		p.Detail = strings.Join(found, "; ")
	}
	return p
}

func shorten(s string) string {
	if len(s) > shownBytes {
		return strings.ToValidUTF8(s[:shownBytes], "") + "…"
	}
	return s
}

// register adds an operation whose errors go through the table.
func register[I, O any](s *Server, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problem(ctx, s.log, err)
		}
		return out, nil
	})
}

// offer registers an operation on what this server may be without, which then is all that it answers.
func offer[I, O any](s *Server, has bool, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	if !has {
		handle = func(context.Context, *I) (*O, error) {
			return nil, newProblem(http.StatusNotFound, "not_offered", "this server does not offer it")
		}
	}
	register(s, op, handle)
}

package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.css
var docsStyle []byte

//go:embed docs.html
var docsTemplate string

type docCall struct {
	ID, Method, Path, Summary, Description, Who string
	Params, Body, Answers                       []docField
}

type docField struct{ Name, Type, Doc string }

type docTag struct {
	Name  string
	Calls []docCall
}

// docsPage writes the description as one page that needs no script.
func docsPage(api *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, err
	}
	var tags []docTag
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		for _, op := range operations(api.Paths[path]) {
			i := slices.IndexFunc(tags, func(t docTag) bool { return t.Name == op.Tags[0] })
			if i < 0 {
				i = len(tags)
				tags = append(tags, docTag{Name: op.Tags[0]})
			}
			tags[i].Calls = append(tags[i].Calls, describeCall(api, op))
		}
	}
	var out bytes.Buffer
	err = t.Execute(&out, map[string]any{"Info": api.Info, "Tags": tags})
	return out.Bytes(), err
}

// operations are a path's calls in a fixed order.
func operations(p *huma.PathItem) (out []*huma.Operation) {
	for _, op := range []*huma.Operation{p.Get, p.Post, p.Put, p.Patch, p.Delete} {
		if op != nil {
			out = append(out, op)
		}
	}
	return out
}

func describeCall(api *huma.OpenAPI, op *huma.Operation) docCall {
	c := docCall{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description, Who: "anyone"}
	switch {
	case len(op.Security) == 0:
	case op.Security[0]["token"] == nil:
		c.Who = "who is signed in with a browser"
	case op.Security[1]["userSig"] == nil:
		c.Who = "API token"
	default:
		c.Who = "API token or the room's anchor"
	}
	for _, p := range op.Parameters {
		c.Params = append(c.Params, docField{Name: p.Name + " (" + p.In + ")", Type: typeName(p.Schema), Doc: p.Description})
	}
	if op.RequestBody != nil {
		c.Body = fieldsOf(api, op.RequestBody.Content["application/json"])
	}
	for _, code := range []string{"200", "201"} {
		if r := op.Responses[code]; r != nil {
			c.Answers = fieldsOf(api, r.Content["application/json"])
		}
	}
	return c
}

func fieldsOf(api *huma.OpenAPI, m *huma.MediaType) (out []docField) {
	if m == nil || m.Schema == nil {
		return nil
	}
	schema := m.Schema
	if schema.Ref != "" {
		schema = api.Components.Schemas.SchemaFromRef(schema.Ref)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		p := schema.Properties[name]
		out = append(out, docField{Name: name, Type: typeName(p), Doc: p.Description})
	}
	return out
}

func typeName(s *huma.Schema) string {
	switch {
	case s == nil:
		return ""
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.Items != nil:
		return "array of " + typeName(s.Items)
	case s.Format != "":
		return s.Format
	}
	return s.Type
}

package im

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"liveroom/chat"
)

func (s *Server) registerRest() {
	register(s, &openConfig, "getappinfo", limits{}, s.appInfo)
	register(s, &openMessages, "get_history", limits{}, s.historyFiles)
	register(s, &configs, "GetIPList", limits{}, s.ownAddresses)
}

type appInfoRequest struct{ RequestField []string }

type appInfoAnswer struct{ Result []map[string]string }

// appInfo tells what application this is. Tencent's figures of the days before are not kept here: metrics have them.
func (s *Server) appInfo(_ context.Context, _ chat.Identity, in *appInfoRequest) (*appInfoAnswer, error) {
	app := map[string]string{
		"AppId": strconv.FormatUint(s.cfg.AppID, 10), "AppName": "liveroom", "Company": "", "Date": time.Now().UTC().Format("20060102"),
	}
	if len(in.RequestField) > 0 {
		maps.DeleteFunc(app, func(field, _ string) bool { return !slices.Contains(in.RequestField, field) })
	}
	return &appInfoAnswer{[]map[string]string{app}}, nil
}

// codeNoFile says that there is no history of that hour.
const codeNoFile = 1004

type historyFilesRequest struct {
	ChatType string `im:"need"` // C2C or Group
	MsgTime  string `im:"need"` // YYYYMMDDHH
}

// historyFiles has none: messages are not written to files here (spec im-rest §4.9).
func (s *Server) historyFiles(_ context.Context, _ chat.Identity, in *historyFilesRequest) (*bare, error) {
	if in.ChatType != "C2C" && in.ChatType != "Group" {
		return nil, refuse(openMessages.parameter, "ChatType must be C2C or Group")
	}
	return nil, refuse(codeNoFile, "there is no file of that hour: this server keeps no history in files")
}

type addressesAnswer struct{ IPList []string }

// ownAddresses is the list of addresses that callbacks come from. This server doesn't know what others see it by.
func (s *Server) ownAddresses(context.Context, chat.Identity, *bare) (*addressesAnswer, error) {
	return &addressesAnswer{[]string{}}, nil
}

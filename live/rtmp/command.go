package rtmp

import (
	"context"

	"github.com/yutopp/go-rtmp/message"

	"liveroom/live/stream"
)

// call is one decoded command.
type call struct {
	name        string
	transaction float64
	args        []any // what follows name and transaction; the first is the command object, usually null
}

// text returns an argument that must be a string.
func (c call) text(i int) (string, error) {
	if i < len(c.args) {
		if s, ok := c.args[i].(string); ok {
			return s, nil
		}
	}
	return "", protocolError("%s without its name", c.name)
}

func parseCall(body []byte) (call, error) {
	values, err := decodeAMF(body)
	if err != nil {
		return call{}, err
	}
	if len(values) == 0 {
		return call{}, nil // an empty message: no command
	}
	name, ok := values[0].(string)
	if !ok || len(values) < 2 {
		return call{}, protocolError("command without name or transaction")
	}
	transaction, ok := values[1].(float64)
	if !ok {
		return call{}, protocolError("command without transaction")
	}
	return call{name: name, transaction: transaction, args: values[2:]}, nil
}

// command obeys one command. Those it does not know are ignored, as other servers do.
func (c *conn) command(ctx context.Context, body []byte) error {
	if c.phase == phaseNew || c.phase == phaseConnected {
		if c.commands++; c.commands > maxCommands {
			return protocolError("more than %d commands", maxCommands)
		}
	}
	cmd, err := parseCall(body)
	if err != nil || cmd.name == "" {
		return err
	}
	if c.phase == phaseNew {
		if cmd.name != "connect" {
			return protocolError("a command before connect")
		}
		return c.connect(cmd)
	}
	switch cmd.name {
	case "connect":
		return protocolError("connect again")
	case "publish":
		return c.publish(ctx, cmd)
	case "play":
		return c.startPlay(ctx, cmd)
	case "FCUnpublish", "deleteStream", "closeStream":
		return c.goodbye(cmd)
	case "pause", "pauseRaw", "seek":
		return c.trick(cmd)
	case "receiveAudio", "receiveVideo":
		return c.receive(cmd)
	default:
		return c.courtesy(cmd)
	}
}

// connect answers the first command.
func (c *conn) connect(cmd call) error {
	if len(cmd.args) == 0 {
		return protocolError("connect without its object")
	}
	object, ok := cmd.args[0].(amfProps)
	if !ok {
		return protocolError("connect without its object")
	}
	c.app = parseApplication(object.text("app"), object.text("tcUrl"))
	c.phase = phaseConnected

	r := c.reply()
	c.announced = windowBytes
	r.number(message.TypeIDWinAckSize, windowBytes)
	r.bandwidth(windowBytes)
	r.chunkSize(pushChunkBytes)
	r.event(&message.UserCtrlEventStreamBegin{StreamID: 0})
	info := append(statusInfo(levelStatus, "NetConnection.Connect.Success", "Connection succeeded."),
		property{"objectEncoding", 0})
	r.command("_result", cmd.transaction, serverProperties(), info)
	return c.send(r)
}

// serverProperties announces what this server can carry (enhanced RTMP v2, "NetConnection.connect").
func serverProperties() amfProps {
	const canForward = 4
	audio := []string{"mp4a", "Opus", "fLaC", "ac-3", "ec-3", ".mp3"}
	video := []string{"avc1", "hvc1", "av01", "vp08", "vp09"}
	var all amfList
	var audioInfo, videoInfo amfProps
	for _, cc := range video {
		all = append(all, cc)
		videoInfo = append(videoInfo, property{cc, canForward})
	}
	for _, cc := range audio {
		all = append(all, cc)
		audioInfo = append(audioInfo, property{cc, canForward})
	}
	return amfProps{
		{"fmsVer", "FMS/3,5,7,7009"},
		{"capabilities", 31},
		{"mode", 1},
		{"fourCcList", all},
		{"videoFourCcInfoMap", videoInfo},
		{"audioFourCcInfoMap", audioInfo},
	}
}

// courtesy answers the calls that change nothing, because clients wait for the answers.
func (c *conn) courtesy(cmd call) error {
	r := c.reply()
	switch cmd.name {
	case "createStream":
		if c.streams++; c.streams > maxStreams {
			return protocolError("more than %d streams", maxStreams)
		}
		r.command("_result", cmd.transaction, nil, messageStream)
	case "releaseStream", "FCPublish", "_checkbw":
		r.result(cmd.transaction, nil)
	case "getStreamLength":
		r.result(cmd.transaction, nil, 0) // a live stream has no length
	case "FCSubscribe":
		r.command("onFCSubscribe", 0, nil, statusInfo(levelStatus, "NetStream.Play.Start", "Started."))
	}
	return c.send(r)
}

// goodbye ends a push or play that the peer no longer wants. After a push the connection may begin another, as phones do
// that keep it open; it has as much time for that as a new one. After a play it closes.
func (c *conn) goodbye(cmd call) error {
	r := c.reply()
	if c.phase == phasePublish {
		c.closePush(stream.StopClosed)
		c.commands, c.streams = 0, 0
		r.status(levelStatus, "NetStream.Unpublish.Success", "The push has ended.")
	}
	if cmd.name == "FCUnpublish" {
		r.command("onFCUnpublish", 0, nil, statusInfo(levelStatus, "NetStream.Unpublish.Success", "The push has ended."))
		r.result(cmd.transaction, nil)
	}
	err := c.send(r)
	if err == nil && c.phase == phasePlay && cmd.name != "FCUnpublish" {
		return errDone
	}
	return err
}

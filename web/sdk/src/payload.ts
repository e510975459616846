// Payloads as pages know them, elements as the wire has them (spec of Tencent's MsgBody), both ways.
import { TYPES } from './constants.ts';
import { isObject, list, number, objects, text, texts, type Element, type Json } from './wire.ts';

// Sizes of a picture: the wire counts 1 original, 2 large, 3 thumb; pages 0 original, 1 thumb (198p), 2 large (720p).
const PICTURE_TO_PAGE: Record<number, number> = { 1: 0, 3: 1, 2: 2 };
const PICTURE_TO_WIRE: Record<number, number> = { 0: 1, 1: 3, 2: 2 };

const READ: Record<string, (c: Json) => Json> = {
  [TYPES.MSG_TEXT]: (c) => ({ text: text(c.Text) }),
  [TYPES.MSG_CUSTOM]: (c) => ({ data: text(c.Data), description: text(c.Desc), extension: text(c.Ext) }),
  [TYPES.MSG_FACE]: (c) => ({ index: number(c.Index), data: text(c.Data) }),
  [TYPES.MSG_LOCATION]: (c) => ({ description: text(c.Desc), latitude: number(c.Latitude), longitude: number(c.Longitude) }),
  [TYPES.MSG_IMAGE]: (c) => ({
    uuid: text(c.UUID),
    imageFormat: number(c.ImageFormat),
    imageInfoArray: allSizes(objects(c.ImageInfoArray).map((i) => ({
      type: PICTURE_TO_PAGE[number(i.Type)] ?? 0, size: number(i.Size), width: number(i.Width), height: number(i.Height),
      url: text(i.URL), imageUrl: text(i.URL),
    }))),
  }),
  [TYPES.MSG_SOUND]: (c) => ({ uuid: text(c.UUID), url: text(c.Url), size: number(c.Size), second: number(c.Second) }),
  [TYPES.MSG_VIDEO]: (c) => ({
    videoUUID: text(c.VideoUUID), videoUrl: text(c.VideoUrl), remoteVideoUrl: text(c.VideoUrl), videoSize: number(c.VideoSize),
    videoSecond: number(c.VideoSecond), videoFormat: text(c.VideoFormat), snapshotUrl: text(c.ThumbUrl), thumbUrl: text(c.ThumbUrl),
    thumbUUID: text(c.ThumbUUID), snapshotSize: number(c.ThumbSize), snapshotWidth: number(c.ThumbWidth), snapshotHeight: number(c.ThumbHeight),
  }),
  [TYPES.MSG_FILE]: (c) => ({ uuid: text(c.UUID), fileName: text(c.FileName), fileUrl: text(c.Url), fileSize: number(c.FileSize) }),
  [TYPES.MSG_MERGER]: (c) => ({
    downloadKey: text(c.JsonMsgKey), pbDownloadKey: text(c.PbMsgKey), title: text(c.Title), abstractList: texts(c.AbstractList),
    compatibleText: text(c.CompatibleText), messageList: list(c.MsgList), layersOverLimit: c.LayersOverLimit === 1 || c.LayersOverLimit === true,
  }),
};

const WRITE: Record<string, (p: Json) => Json> = {
  [TYPES.MSG_TEXT]: (p) => ({ Text: text(p.text) }),
  [TYPES.MSG_CUSTOM]: (p) => ({ Data: text(p.data), Desc: text(p.description), Ext: text(p.extension) }),
  [TYPES.MSG_FACE]: (p) => ({ Index: number(p.index), Data: text(p.data) }),
  [TYPES.MSG_LOCATION]: (p) => ({ Desc: text(p.description), Latitude: number(p.latitude), Longitude: number(p.longitude) }),
  [TYPES.MSG_IMAGE]: (p) => ({
    UUID: text(p.uuid),
    ImageFormat: number(p.imageFormat),
    ImageInfoArray: objects(p.imageInfoArray).map((i) => ({
      Type: PICTURE_TO_WIRE[number(i.type)] ?? 1, Size: number(i.size), Width: number(i.width), Height: number(i.height),
      URL: text(i.url) || text(i.imageUrl),
    })),
  }),
  [TYPES.MSG_SOUND]: (p) => ({ UUID: text(p.uuid), Url: text(p.url), Size: number(p.size), Second: number(p.second), Download_Flag: 2 }),
  [TYPES.MSG_VIDEO]: (p) => ({
    VideoUUID: text(p.videoUUID), VideoUrl: text(p.videoUrl) || text(p.remoteVideoUrl), VideoSize: number(p.videoSize),
    VideoSecond: number(p.videoSecond), VideoFormat: text(p.videoFormat), VideoDownloadFlag: 2, ThumbUrl: text(p.snapshotUrl) || text(p.thumbUrl),
    ThumbUUID: text(p.thumbUUID), ThumbSize: number(p.snapshotSize), ThumbWidth: number(p.snapshotWidth), ThumbHeight: number(p.snapshotHeight),
    ThumbFormat: 'JPG', ThumbDownloadFlag: 2,
  }),
  [TYPES.MSG_FILE]: (p) => ({ UUID: text(p.uuid), Url: text(p.fileUrl), FileSize: number(p.fileSize), FileName: text(p.fileName), Download_Flag: 2 }),
};

export interface PayloadElement {
  type: string;
  payload: unknown;
}

/** Pages look for a size by its place in the list: where the sender gave only the original, it stands for all three. */
function allSizes(given: { type: number }[]): unknown[] {
  const original = given.find((i) => i.type === 0) ?? given[0];
  return original ? [0, 1, 2].map((type) => given.find((i) => i.type === type) ?? { ...original, type }) : [];
}

/** What a page sees of a message's body. An element of a kind this package does not know keeps its content as it is. */
export const readBody = (body: readonly Element[]): PayloadElement[] =>
  body.map((e) => ({ type: e.MsgType, payload: READ[e.MsgType]?.(e.MsgContent) ?? e.MsgContent }));

/** The wire's form of one payload; null for a type that cannot be sent. */
export function writeElement(type: string, payload: unknown): Element | null {
  const write = WRITE[type];
  return write && isObject(payload) ? { MsgType: type, MsgContent: write(payload) } : null;
}

/** Whether a sender's body and the one that came back say the same to a page. */
export const sameBody = (a: readonly Element[], b: readonly Element[]): boolean => JSON.stringify(readBody(a)) === JSON.stringify(readBody(b));

// Sending pictures, sounds, videos and files: the server says where to, the bytes go there, the message carries the address.
import { TYPES } from './constants.ts';
import { ChatError, CODE } from './error.ts';
import type { Environment, FileLike, Message } from './types.ts';
import { object, strings, text, type Json, type Reply } from './wire.ts';

export interface Draft {
  file: FileLike | null;
  onProgress: (progress: number) => void;
}

const KINDS: Record<string, string> = {
  [TYPES.MSG_IMAGE]: 'image', [TYPES.MSG_SOUND]: 'sound', [TYPES.MSG_VIDEO]: 'video', [TYPES.MSG_FILE]: 'file',
};
const FAILED: Record<string, number> = {
  [TYPES.MSG_IMAGE]: CODE.NO_UPLOAD_URL, [TYPES.MSG_SOUND]: CODE.AUDIO_UPLOAD, [TYPES.MSG_VIDEO]: CODE.VIDEO_UPLOAD, [TYPES.MSG_FILE]: CODE.NO_UPLOAD_URL,
};
const MB = 1 << 20;
const FORMATS: Record<string, number> = { jpg: 1, jpeg: 1, gif: 2, png: 3, bmp: 4 };

export const needsFile = (type: string): boolean => type in KINDS;

const extension = (file: FileLike): string =>
  (/\.([A-Za-z0-9]+)$/.exec(file.name ?? '')?.[1] ?? (file.type ?? '').split('/')[1] ?? '').toLowerCase();

/** What may be sent, with the codes of Tencent's SDK; the server looks at the content besides. */
export function checkFile(type: string, file: FileLike | null): void {
  const fail = (code: number, message: string): never => {
    throw new ChatError(code, message);
  };
  if (!file) return fail(type === TYPES.MSG_IMAGE ? CODE.NO_IMAGE : CODE.NO_FILE, 'there is no file in payload.file');
  if (!(file.size > 0)) fail(type === TYPES.MSG_IMAGE ? CODE.NO_IMAGE : CODE.FILE_EMPTY, 'the file is empty');
  switch (type) {
    case TYPES.MSG_IMAGE:
      if (!(extension(file) in FORMATS) && !['webp', 'avif'].includes(extension(file))) fail(CODE.IMAGE_TYPE, 'this is no picture that can be sent');
      if (file.size > 20 * MB) fail(CODE.IMAGE_SIZE, 'a picture may have 20 MB');
      break;
    case TYPES.MSG_VIDEO:
      if (extension(file) !== 'mp4') fail(CODE.VIDEO_TYPE, 'a video must be MP4');
      if (file.size > 100 * MB) fail(CODE.VIDEO_SIZE, 'a video may have 100 MB');
      break;
    default:
      if (file.size > 100 * MB) fail(CODE.FILE_SIZE, 'a file may have 100 MB');
  }
}

/** What of a payload is known before the upload, so that a page can show it. */
export function draftPayload(type: string, given: Json, file: FileLike | null): Json {
  const name = file?.name ?? '';
  const size = file?.size ?? 0;
  switch (type) {
    case TYPES.MSG_IMAGE:
      return { uuid: '', imageFormat: file ? (FORMATS[extension(file)] ?? 255) : 255, imageInfoArray: [] };
    case TYPES.MSG_SOUND:
      return { uuid: '', url: '', size, second: Number(given.second ?? (file as Json | null)?.duration ?? 0) || 0 };
    case TYPES.MSG_VIDEO:
      return {
        videoUUID: '', videoUrl: '', remoteVideoUrl: '', videoSize: size, videoFormat: file ? extension(file) : '',
        videoSecond: Number(given.videoSecond ?? (file as Json | null)?.duration ?? 0) || 0, snapshotUrl: '', thumbUrl: '', thumbUUID: '',
        snapshotSize: 0, snapshotWidth: 0, snapshotHeight: 0,
      };
    default:
      return { uuid: '', fileName: name, fileUrl: '', fileSize: size };
  }
}

/** Brings a message's file to the server and writes its address into the payload. */
export async function uploadFile(
  env: Environment, message: Message, draft: Draft, request: (fields: Json) => Promise<Reply>,
): Promise<void> {
  const { file } = draft;
  checkFile(message.type, file);
  if (!file || !env.upload) throw new ChatError(CODE.NO_UPLOAD, 'files cannot be sent from here: environment.upload is missing');
  const size = message.type === TYPES.MSG_IMAGE && env.measure ? await env.measure(file).catch(() => ({ width: 0, height: 0 })) : { width: 0, height: 0 };
  const place = await request({ kind: KINDS[message.type], name: file.name ?? '', size: file.size, type: file.type ?? '' });
  const put = object(place.put);
  if (!text(put.url)) throw new ChatError(FAILED[message.type] ?? CODE.NO_UPLOAD_URL, 'the server named no place for the file');
  try {
    await env.upload({ url: text(put.url), headers: strings(put.headers), file, onProgress: draft.onProgress });
  } catch (err) {
    if (err instanceof ChatError) throw err;
    throw new ChatError(FAILED[message.type] ?? CODE.NETWORK, `the upload failed: ${err instanceof Error ? err.message : String(err)}`, { temporary: true });
  }
  draft.onProgress(1);
  Object.assign(message.payload, address(message, text(place.id), text(place.url), file, size));
  message.elements = [{ type: message.type, payload: message.payload }];
}

function address(message: Message, uuid: string, url: string, file: FileLike, size: { width: number; height: number }): Json {
  switch (message.type) {
    case TYPES.MSG_IMAGE:
      return { uuid, imageInfoArray: [0, 1, 2].map((type) => ({ type, size: file.size, ...size, url, imageUrl: url })) };
    case TYPES.MSG_SOUND:
      return { uuid, url };
    case TYPES.MSG_VIDEO:
      return { videoUUID: uuid, videoUrl: url, remoteVideoUrl: url };
    default:
      return { uuid, fileUrl: url };
  }
}

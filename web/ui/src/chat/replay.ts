import { recordedMessages } from 'liveroom-sdk';
import { ApiError, type Api } from '../api/client.ts';
import type { RoomModel } from '../pages/room-model.ts';
import { reachable } from '../player/choose.ts';
import type { PlayerController } from '../player/controller.ts';
import { chatOf } from '../player/recording.ts';
import { Past } from './past.ts';

const LOOK_MS = 250;

/** Has the chat of a recording come in time with it. Returns how to stop. */
export function replayChat(model: RoomModel, api: Api, controller: PlayerController, video: HTMLVideoElement): () => void {
  const chat = model.chat.peek();
  const group = chat?.group ?? '';
  const aborted = new AbortController();
  let renewed = '';
  const address = async (): Promise<string> => {
    const known = renewed || controller.chat.peek();
    if (known) return known;
    const { playback } = await api.play(model.room.peek()?.id ?? '', aborted.signal);
    return (renewed = playback?.hls ? await chatOf(reachable(playback.hls, location)) : '');
  };
  const past = new Past({
    async read(from, to, cursor) {
      const at = await address();
      if (!at) throw new Error('there is no chat');
      try {
        const answer = await api.recorded(at, from, to, cursor, aborted.signal);
        return { messages: recordedMessages(answer, group), next: answer.next ?? '' };
      } catch (err) {
        // The play session is over, of somebody who paused for long: another one is begun.
        if (err instanceof ApiError && err.status >= 400 && err.status < 500) {
          renewed = '';
          controller.chat.value = '';
        }
        throw err;
      }
    },
    show: (rows, anew) => chat?.showPast(rows, anew),
    say: (text) => model.echo(text),
  });
  const look = () => past.move(video.currentTime * 1000);
  const timer = setInterval(look, LOOK_MS);
  video.addEventListener('seeked', look);
  return () => {
    clearInterval(timer);
    video.removeEventListener('seeked', look);
    aborted.abort();
    past.stop();
    chat?.showPast([], true);
  };
}

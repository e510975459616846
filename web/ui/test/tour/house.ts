import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Liveroom } from '../journey/server.ts';

interface Addresses {
  push: { rtmp: string };
}

/** A server with something in every state, for the pictures of docs/tour.md. */
export class House {
  readonly server: Liveroom;
  readonly #pushes = new Map<string, ChildProcess>();

  private constructor(server: Liveroom) {
    this.server = server;
  }

  static async build(): Promise<House> {
    const house = new House(await Liveroom.start());
    await house.#people();
    await Promise.all([house.#pottery(), house.#quiz(), house.#garden(), house.#rail(), house.#over(), house.#talk()]);
    await house.#behind();
    return house;
  }

  async close(): Promise<void> {
    for (const push of this.#pushes.values()) push.kill('SIGKILL');
    await this.server.stop();
  }

  say(room: string, from: string, text: string): Promise<unknown> {
    return this.server.api('POST', `/rooms/${room}/messages`, { from, text });
  }

  give(room: string, user: string, gift: string, count: number): Promise<unknown> {
    return this.server.api('POST', `/rooms/${room}/gifts`, { order: `${user}-${gift}-${Math.random()}`, gift, count, user });
  }

  async #people(): Promise<void> {
    const nicks = { mei: 'Mei Tanaka', vera: 'Vera', tom: 'Tom', ana: 'Ana Sofia', kiln: 'kiln_god', tao: '陶陶', demo: 'Demo' };
    await Promise.all(Object.entries(nicks).map(([user, nick]) => this.server.api('PUT', `/accounts/${user}`, { nick })));
    for (const [user, points] of [['tom', 60], ['ana', 4000], ['kiln', 60_000], ['vera', 400]] as const) await this.server.api('POST', `/users/${user}/level/adjust`, { points, reason: 'the tour' });
    await this.server.api('PUT', '/users/ana/membership', { tier: 'gold' });
  }

  async #room(id: string, title: string, more: object = {}): Promise<void> {
    await this.server.api('POST', '/rooms', { id, title, anchor: 'mei', recording: { mode: 'always' }, screenshots: { every: '2s' }, ...more });
  }

  /** Pushes something soft on the eyes until it is live. */
  async #push(room: string, seed: number): Promise<void> {
    const { push } = (await this.server.api('POST', `/rooms/${room}/addresses`, { expiresIn: '2h' })) as Addresses;
    const picture = `gradients=size=640x360:rate=15:seed=${seed}:speed=0.02:nb_colors=4:c0=0xe8a33d:c1=0x2a7f79:c2=0x8c3f6d:c3=0x2c3e7a`;
    const args = `-hide_banner -loglevel error -re -f lavfi -i ${picture} -f lavfi -i sine=frequency=330 -c:v libx264 -preset ultrafast -tune zerolatency -b:v 700k -g 30 -pix_fmt yuv420p -c:a aac -b:a 64k -f flv`;
    this.#pushes.set(room, spawn('ffmpeg', [...args.split(' '), push.rtmp]));
    await this.#until(room, 'live');
  }

  async #stop(room: string): Promise<void> {
    const push = this.#pushes.get(room) as ChildProcess;
    const gone = once(push, 'exit');
    push.kill('SIGINT');
    await gone;
  }

  async #until(room: string, name: string): Promise<void> {
    for (;;) {
      const { name: now } = (await this.server.api('GET', `/rooms/${room}/status`)) as { name: string };
      if (now === name) return;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Waits for a first cover. */
  async #pictured(room: string): Promise<void> {
    for (;;) {
      const { screenshots } = (await this.server.api('GET', `/rooms/${room}/screenshots`)) as { screenshots: unknown[] };
      if (screenshots.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  async #pottery(): Promise<void> {
    await this.#room('pottery', 'Saturday pottery: throwing a teapot, start to glaze', { notice: 'Questions in the chat, please. Next week: raku firing outdoors, bring warm clothes.' });
    await this.#push('pottery', 7);
    for (const [from, text] of [['tom', 'hello from Lisbon'], ['ana', 'that bowl is gorgeous'], ['kiln', 'how thick is the wall there?'], ['tao', '好漂亮的茶壶！'], ['tom', 'and which clay do you use for it?'], ['mei', 'Stoneware, with a little grog.']] as const) await this.say('pottery', from, text);
    await this.give('pottery', 'ana', 'tea', 3);
    await this.give('pottery', 'kiln', 'rose', 20);
  }

  async #quiz(): Promise<void> {
    await this.#room('quiz', 'The Tuesday quiz', { scheduledAt: new Date(Date.now() + 26 * 3_600_000).toISOString() });
  }

  async #garden(): Promise<void> {
    await this.#room('garden', 'What grows in December');
    await this.#push('garden', 23);
    await this.#pictured('garden');
    await this.server.api('POST', '/rooms/garden/pause', { reason: 'making tea' });
  }

  async #rail(): Promise<void> {
    await this.#room('rail', 'Night train to the coast', { grace: '1h' });
    await this.#push('rail', 31);
    await this.#pictured('rail');
    await this.#stop('rail');
    await this.#until('rail', 'paused');
  }

  async #over(): Promise<void> {
    await this.#room('over', 'Sunday bread');
    await this.#push('over', 41);
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    for (const [from, text] of [['tom', 'good morning'], ['ana', 'the crust!'], ['vera', 'see you next week']] as const) await this.say('over', from, text);
    await this.give('over', 'tom', 'cake', 1);
    await this.give('over', 'ana', 'rose', 9);
    await this.server.api('POST', '/rooms/over/end', { reason: 'See you next Sunday.' });
  }

  async #talk(): Promise<void> {
    await this.#room('talk', 'How we fire a kiln');
    await this.#push('talk', 53);
    await new Promise((resolve) => setTimeout(resolve, 14_000));
    await this.server.api('POST', '/rooms/talk/end', {});
    await this.#stop('talk');
    for (;;) {
      const { recordings } = (await this.server.api('GET', '/recordings?room=talk&state=done')) as { recordings: { id: string }[] };
      if (recordings[0]) return void (await this.server.api('POST', '/rooms/talk/playback', { recordings: [recordings[0].id] }));
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** What administrators look after. */
  async #behind(): Promise<void> {
    const { api } = { api: this.server.api.bind(this.server) };
    await api('POST', '/words', { words: [{ word: 'buy followers' }, { word: 'damn', action: 'replace', replacement: 'darn' }, { word: '代刷' }] });
    await api('PUT', '/rooms/pottery/mutes/tom', { duration: '10m', reason: 'flood' });
    await api('POST', '/broadcasts', { id: 'break', text: 'We are back in ten minutes.', filter: { rooms: ['garden'] } });
    await api('POST', '/broadcasts', { id: 'evening', text: 'The show begins.', cron: 'CRON_TZ=Asia/Shanghai 0 20 * * *' });
    await api('POST', '/callbacks', { url: 'https://backend.example.com/status', format: 'status', events: ['*'] });
  }
}

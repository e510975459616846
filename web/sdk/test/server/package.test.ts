// What npm and the server give out: dist/ as `npm run build` made it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { FakeServer } from '../fake-server.ts';

const root = new URL('../..', import.meta.url).pathname;
const read = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');
const made: string[] = [];
afterAll(() => made.forEach((folder) => rmSync(folder, { recursive: true })));

/** Runs a build where there is nothing but the language, timers and what is given; its exports, or the globals it made. */
function alone(name: string, given: Record<string, unknown> = {}): any {
  const context = createContext({ setTimeout, clearTimeout, console, ...given });
  const code = read(name).replace(/^export \{([^}]*)\};?$/m, (_, names: string) => {
    const pairs = names.split(',').map((n) => n.trim().split(' as ')).map(([inside, outside = inside]) => `${JSON.stringify(outside)}: ${inside}`);
    return `globalThis.exported = { ${pairs.join(', ')} };`;
  });
  runInContext(code, context);
  return context;
}

async function chats(TIM: any, environment: object): Promise<void> {
  const server = new FakeServer();
  const chat = TIM.create({ SDKAppID: 1, host: 'https://live.example', environment: { ...environment, socket: server.socket } });
  const heard: string[] = [];
  chat.on(TIM.EVENT.MESSAGE_RECEIVED, ({ data }: { data: { payload: { text: string } }[] }) => heard.push(...data.map((m) => m.payload.text)));
  const ready = new Promise((resolve) => chat.on(TIM.EVENT.SDK_READY, resolve));
  const { login, joinGroup } = chat; // methods come off an instance, also in the lowered builds
  await login({ userID: 'alice', userSig: 's' });
  await ready;
  await joinGroup({ groupID: 'demo' });
  const message = chat.createTextMessage({ to: 'demo', conversationType: 'GROUP', payload: { text: 'mine' } });
  await chat.sendMessage(message);
  server.say('demo', 'bob', 'hi');
  await vi.waitFor(() => expect([message.status, ...heard]).toEqual(['success', 'hi']));
  await chat.destroy();
}

describe('the builds', () => {
  test('the script for pages without modules makes TIM, TencentCloudChat and LiveroomChat, and needs no DOM', async () => {
    const { TIM, TencentCloudChat, LiveroomChat } = alone('liveroom.global.js');
    expect([TencentCloudChat, LiveroomChat]).toEqual([TIM, TIM]);
    await chats(TIM, {});
  });

  test('the module for mini-programs finds wx by itself and needs nothing else', async () => {
    expect(read('liveroom.wx.js')).not.toMatch(/\bimport\b|\bdocument\b|\bwindow\b/);
    const { exported } = alone('liveroom.wx.js');
    await chats(exported.default, {});
    const urls: string[] = [];
    const task = { onOpen() {}, onMessage() {}, onClose() {}, onError() {}, send() {}, close() {} };
    const inWx = alone('liveroom.wx.js', { wx: { connectSocket: ({ url }: { url: string }) => (urls.push(url), task) } }).exported;
    const chat = inWx.TIM.create({ SDKAppID: 2, host: 'https://live.example' });
    chat.login({ userID: 'alice', userSig: 's' }).catch(() => {});
    expect(urls).toEqual(['wss://live.example/chat']);
    await chat.destroy();
  });

  test('old engines can read them: nothing newer than ES2020, than ES2018 in mini-programs', () => {
    const newer = new Map([
      ['liveroom.js', [ts.SyntaxKind.PrivateIdentifier, ts.SyntaxKind.ClassStaticBlockDeclaration, ts.SyntaxKind.PropertyDeclaration, ts.SyntaxKind.QuestionQuestionEqualsToken]],
      ['liveroom.wx.js', [ts.SyntaxKind.PrivateIdentifier, ts.SyntaxKind.ClassStaticBlockDeclaration, ts.SyntaxKind.PropertyDeclaration, ts.SyntaxKind.QuestionDotToken, ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BigIntLiteral]],
    ]);
    for (const [name, kinds] of newer) {
      const found = new Set<string>();
      const walk = (node: ts.Node): void => {
        if (kinds.includes(node.kind)) found.add(ts.SyntaxKind[node.kind] as string);
        node.getChildren().forEach(walk);
      };
      walk(ts.createSourceFile(name, read(name), ts.ScriptTarget.Latest, true));
      expect([name, ...found]).toEqual([name]);
    }
  });

  test('no dependencies, and no larger than docs/sdk.md says', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(manifest.dependencies ?? manifest.peerDependencies).toBeUndefined();
    const said = Number(/(\d+) kB gzipped/.exec(readFileSync(join(root, '../../docs/sdk.md'), 'utf8'))?.[1]);
    for (const name of ['liveroom.js', 'liveroom.global.js', 'liveroom.wx.js']) expect(gzipSync(read(name), { level: 9 }).length).toBeLessThan(said * 1000);
  });

  test('the declarations stand alone, without DOM or Node, and say no more than there is', () => {
    const folder = mkdtempSync(join(tmpdir(), 'liveroom-types-'));
    made.push(folder);
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/liveroom-sdk'));
    writeFileSync(join(folder, 'page.ts'), `
      import TIM, { create, EVENT, TYPES, type Chat, type Environment, type GapInfo, type Message } from 'liveroom-sdk';
      import MiniTIM, { wxEnvironment, type Wx } from 'liveroom-sdk/wx';
      declare const wx: Wx;
      const chat: Chat = TIM.create({ SDKAppID: 1 });
      chat.on(EVENT.LIVEROOM_GAP, ({ data }: { data: GapInfo }) => data.from);
      const message: Message = chat.createTextMessage({ to: 'demo', conversationType: TYPES.CONV_GROUP, payload: { text: 'hi' } });
      chat.sendMessage(message).then(({ code, data }) => [code, data.message.sequence]);
      chat.joinGroup({ groupID: 'demo' }).then(({ data }) => data.group?.selfInfo.role);
      const environment: Partial<Environment> = wxEnvironment(wx);
      create({ SDKAppID: 2, host: 'https://live.example', environment });
      MiniTIM.create({ SDKAppID: 3 });
      // @ts-expect-error: not exported
      import { CODE } from 'liveroom-sdk';
      // @ts-expect-error: text is missing
      chat.createTextMessage({ to: 'demo', conversationType: 'GROUP', payload: {} });
    `);
    const program = ts.createProgram([join(folder, 'page.ts')], {
      noEmit: true, strict: true, target: ts.ScriptTarget.ES2022, lib: ['lib.es2022.d.ts'], module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [],
    });
    expect(ts.getPreEmitDiagnostics(program).map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'))).toEqual([]);
  });
});

import { describe, expect, test } from 'vitest';
import { partsOf, wordsOf } from '../../src/chat/parts.ts';
import { webAddress } from '../../src/lib/address.ts';
import { element, message } from './make.ts';

describe('an address of a message', () => {
  test.each(['https://cdn.example/a.png', 'http://10.0.0.1:8080/files/x?sig=1', '/files/x', 'HTTPS://CDN.example/A'])('%s may be loaded', (url) => expect(webAddress(url)).toBe(url));
  test.each([
    'javascript:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:image/svg+xml,<svg onload=alert(1)>', 'blob:https://x/1', 'file:///etc/passwd', '//evil.example/x',
    'vbscript:x', 'a.png', 'http://', 'https://[', '', null, 5, { toString: () => 'https://x' },
  ])('%j may not', (url) => expect(webAddress(url)).toBe(''));
});

const image = (sizes: object[]) => element('TIMImageElem', { uuid: 'u', imageFormat: 1, imageInfoArray: sizes });
const size = (type: number, url: string, width = 0, height = 0) => ({ type, size: 1, width, height, url });

describe('what a message shows', () => {
  test('text, as it was typed', () => expect(partsOf(message('<b>hi</b>'))).toEqual([{ kind: 'text', text: '<b>hi</b>' }]));

  test('a picture: the small one, which leads to the large one', () => {
    expect(partsOf(image([size(0, 'https://x/big', 900, 600), size(1, 'https://x/small', 198, 132), size(2, 'https://x/mid')]))).toEqual([
      { kind: 'image', thumb: 'https://x/small', url: 'https://x/big', width: 198, height: 132 },
    ]);
  });

  test('a picture of one size', () => {
    expect(partsOf(image([size(0, 'https://x/big', 900, 600)]))).toEqual([{ kind: 'image', thumb: 'https://x/big', url: 'https://x/big', width: 900, height: 600 }]);
  });

  test.each([['none', []], ['a script', [size(0, 'javascript:alert(1)')]]])('a picture with %s for address is none', (_, sizes) => {
    expect(partsOf(image(sizes))).toEqual([{ kind: 'image', thumb: '', url: '', width: 0, height: 0 }]);
  });

  test.each([
    ['TIMSoundElem', { url: 'https://x/s', second: 3 }, { kind: 'sound', url: 'https://x/s', seconds: 3 }],
    ['TIMVideoFileElem', { videoUrl: 'https://x/v', snapshotUrl: 'data:x', videoSecond: 9 }, { kind: 'video', url: 'https://x/v', poster: '', seconds: 9 }],
    ['TIMFileElem', { fileUrl: 'https://x/f', fileName: 'a.pdf', fileSize: 2048 }, { kind: 'file', url: 'https://x/f', name: 'a.pdf', bytes: 2048 }],
    ['TIMFaceElem', { index: 7, data: '' }, { kind: 'text', text: '[7]' }],
    ['TIMFaceElem', { index: 7, data: '[wave]' }, { kind: 'text', text: '[wave]' }],
    ['TIMLocationElem', { description: 'The Crown', latitude: 1, longitude: 2 }, { kind: 'text', text: '📍 The Crown' }],
  ])('%s %j', (type, payload, want) => expect(partsOf(element(type, payload))).toEqual([want]));

  test('several in one, and its words alone', () => {
    const both = message('', { elements: [{ type: 'TIMTextElem', payload: { text: 'look ' } }, { type: 'TIMImageElem', payload: { imageInfoArray: [] } }, { type: 'TIMTextElem', payload: { text: 'here' } }] });
    expect(partsOf(both).map((p) => p.kind)).toEqual(['text', 'image', 'text']);
    expect(wordsOf(partsOf(both))).toBe('look here');
  });

  test('nothing of what was taken back, of custom messages and of nonsense', () => {
    expect(partsOf(message('a', { isRevoked: true }))).toEqual([]);
    expect(partsOf(message('a', { hasRiskContent: true }))).toEqual([]);
    expect(partsOf(element('TIMCustomElem', { data: 'x' }))).toEqual([]);
    expect(partsOf(element('TIMTextElem', {}))).toEqual([]);
    expect(partsOf(message('', { elements: [{ type: 'TIMTextElem', payload: null }] }))).toEqual([]);
  });
});

import { language } from '../i18n/index.ts';

// The server words its advice and refusals in English, with figures in them. These are the same for who reads Chinese; the
// figures stand beside them on the page. Codes that are not here keep the server's words.

const REFUSED: Record<string, string> = {
  missing_signature: '推流地址里没有签名（txSecret、txTime）。请把完整的推流码复制到编码器。',
  bad_signature: '推流地址的签名不对。请重新复制推流地址，不要漏掉或多出字符。',
  malformed_time: '推流地址里的 txTime 无法识别。请重新复制推流地址。',
  duplicate_parameter: '推流地址里有两份互相矛盾的签名。请重新复制推流地址。',
  expired: '推流地址已过期。请生成新地址并填入编码器。',
  malformed_delay: 'txDelayTime 必须是 0 到 600 的整秒数。',
  bad_name: '流名称不合规：只能用字母、数字、下划线、点和连字符。',
  bad_url: '这不是一个推流地址。',
  unknown_app: '推流地址里的 AppName 不被接受。',
  unknown_room: '没有直播间使用这个流名称。请先创建直播间。',
  room_ended: '直播已结束。请先点“重新开放”，再推流。',
  forbidden: '直播间已被封禁，暂时不能推流。',
  early_push: '还没到开播时间，直播间设置为不允许提前推流。',
  superseded: '另一路较新的推流已接管。',
  too_fast: '来自这个地址的推流尝试太频繁，请稍候再试。',
  multitrack: '推流里有多路视频或音频；只支持各一路。',
  store_unavailable: '服务器的存储暂时不可用，请稍后重试。',
  stopping: '服务器正在重启，请稍后重试。',
};

const ADVICE: Record<string, string> = {
  push_refused: '最近一次推流被拒绝，原因见下面的记录。',
  not_publishing: '现在没有推流。如果编码器显示正在推流，请对照推流地址，并查看被拒绝的记录。',
  no_media: '编码器已连接，但没有收到画面和声音。长时间没有数据的推流会被断开。',
  video_stopped: '有声音，但没有收到画面。请检查编码器的视频来源。',
  audio_stopped: '有画面，但没有收到声音。请检查编码器的音频来源。',
  no_video: '这路推流只有声音，没有画面。',
  no_audio: '这路推流没有声音。请加一个音频来源，哪怕是静音的：有些播放器会一直等待声音。',
  connection_unsteady: '数据到达不均匀。请使用有线网络，或降低码率。',
  reconnects: '本场直播多次重新推流。如果不是您手动重启，说明连接会中断：请使用有线网络，或降低码率。',
  malformed: '有些数据无法识别，已被忽略。请更新编码器。',
  no_keyframe: '没有收到关键帧，观众看不到画面。请把关键帧间隔设为 2 秒。',
  keyframe_interval: '关键帧间隔太长：观众要等更久才能看到画面，HLS 也会更慢。请设为 2 秒。',
  frame_rate_low: '到达的帧数偏少：编码器负荷过高，或带宽不足而丢帧。请降低分辨率、帧率或码率。',
  format_changed: '直播中途更改了分辨率或编码设置，有些播放器需要刷新。',
  b_frames: '编码器使用了 B 帧，会增加一些延迟，WebRTC 也无法播放。把 B 帧设为 0 或使用 zerolatency 即可。',
  bitrate_high: '码率太高，很多观众收不下来。1080p 一般不超过 6 Mbit/s。',
  bitrate_low: '码率相对分辨率太低，运动画面会模糊。请提高码率或降低分辨率。',
  bitrate_dropped: '码率比平均值低了很多。如果不是静止画面，就是网络太慢。',
  audio_video_apart: '声音和画面的发送时间相差太大，播放器必须等待其中一方。请检查音频来源的同步偏移。',
  clock_fast: '推流比实时更快。用 ffmpeg 推送文件时，请在 -i 前加上 -re。',
  clock_slow: '每秒到达的数据不足一秒：编码器或网络太慢。请降低分辨率、帧率或码率。',
  timestamps_repaired: '修正了许多时间戳。请重启编码器；如果没有改善，请更新它。',
  video_codec: '不是所有观众都能播放这种视频编码。H.264 到处都能播放。',
  audio_codec: '不是所有观众都能播放这种音频编码。AAC 到处都能播放。',
  audio_format: '这种声道数或采样率不是到处都能播放。请使用立体声，44100 或 48000 Hz。',
  not_in_hls: 'HLS 会略去它读不懂的部分，其他协议照原样转发。请重启或更新编码器。',
};

/** A refusal of a push, in the reader's language. */
export const refusalWords = (code: string, detail: string): string => told(REFUSED, code, detail);

/** What to do about a push, likewise. */
export const adviceWords = (code: string, text: string): string => told(ADVICE, code, text);

const told = (chinese: Record<string, string>, code: string, otherwise: string): string => sentence((language.value === 'zh' && chinese[code]) || otherwise);

/** The server's details of refusals are clauses. */
const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?。！？]$/.test(whole) ? whole : `${whole}.`;
};

/** For the test that every code has its words. */
export const chinese = { REFUSED, ADVICE };

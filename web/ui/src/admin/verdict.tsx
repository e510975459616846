import type { ComponentChildren, JSX } from 'preact';
import { Button } from '../design/button.tsx';
import { Callout } from '../design/callout.tsx';
import type { Form } from '../design/form.ts';
import { language } from '../i18n/index.ts';
import { t } from './server-texts.ts';

// The server explains itself in English, with what it found in it. For who reads Chinese the reason is told first; codes that
// are not here leave it at the server's words.
const ZH: Record<string, string> = {
  missing_signature: '地址里没有签名（txSecret、txTime）。请重新复制完整的地址。',
  bad_signature: '签名不对：不是用本服务器的密钥生成的，或者流名称、txTime 被改动过。',
  malformed_time: 'txTime 无法识别：应为十六进制的 Unix 秒数。',
  duplicate_parameter: '地址里有两份互相矛盾的签名。',
  expired: '地址已过期，请生成新的。',
  malformed_delay: 'txDelayTime 必须是 0 到 600 的整秒数。',
  bad_name: '流名称不合规：只能用字母、数字、下划线、点和连字符。',
  bad_url: '这不是推流或播流地址。',
  unknown_app: '本服务器不接受地址里的 AppName。',
  unknown_room: '没有直播间使用这个流名称，请先创建直播间。',
  room_ended: '直播间已结束，重新开放后才能推流。',
  forbidden: '直播间已被封禁。',
  early_push: '还没到开播时间，而直播间设置为不允许提前推流。',
  not_live: '直播间没有在直播。',
  usersig_expired: '它已过期，请获取新的 UserSig。',
  usersig_empty: '请填写 UserSig。',
  usersig_malformed: '无法解码：它不是 UserSig，或者不完整。',
  usersig_forged: '它不是用本应用的密钥生成的。',
  usersig_other_user: '它是为另一个用户生成的。',
  usersig_other_app: '它是为另一个 SDKAppID 生成的。',
  usersig_revoked: '它已被吊销，请获取新的 UserSig。',
};

export interface VerdictProps {
  ok: boolean;
  code: string;
  sentences: readonly string[];
  /** What it says of itself, in pairs; what is empty is left out. */
  facts: readonly (readonly [string, ComponentChildren])[];
  testid: string;
}

/** Whether the server would take something, why, and what it is. */
export function Verdict({ ok, code, sentences, facts, testid }: VerdictProps): JSX.Element {
  const chinese = language.value === 'zh';
  const told = chinese ? ZH[code] : undefined;
  return (
    <div class="stack" role="status" data-testid={testid} data-ok={ok} data-code={code}>
      <Callout kind={ok ? 'good' : 'warn'} title={ok ? t('check_ok') : t('check_bad', { code })}>
        {told ?? (!chinese && (sentences.at(-1) ?? ''))}
      </Callout>
      <dl class="facts-list">
        {facts
          .filter(([, value]) => value !== '' && value !== null && value !== undefined)
          .flatMap(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name} is`}>{value}</dd>])}
      </dl>
      <div>
        <h3>{t('check_words')}</h3>
        <ul class="sentences" lang="en" data-testid={`${testid}-sentences`}>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Asks for what is to be checked. */
export function CheckForm<T extends object>({ form, children, testid }: { form: Form<T>; children: ComponentChildren; testid: string }): JSX.Element {
  return (
    <form class="stack" onSubmit={(ev) => void form.submit(ev)} noValidate>
      {children}
      {form.error && <Callout kind="bad">{form.error}</Callout>}
      <p class="panel-note">
        <Button type="submit" kind="main" busy={form.busy} testid={testid}>
          {t('check')}
        </Button>
      </p>
    </form>
  );
}

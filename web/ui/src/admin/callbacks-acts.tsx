import type { JSX } from 'preact';
import { data, type Http } from '../api/http.ts';
import { Badge } from '../design/badge.tsx';
import { confirm } from '../design/confirm.tsx';
import { toast } from '../design/toast.tsx';
import { health, sum, type Receiver } from './callbacks-model.ts';
import { whole } from './format.ts';
import { t } from './server-texts.ts';

export function Health({ one }: { one: Receiver }): JSX.Element {
  const { tone, key } = health(one);
  return (
    <Badge kind={tone} lamp testid="callback-state">
      {t(key)}
    </Badge>
  );
}

export const switchReceiver = async (http: Http, one: Receiver): Promise<void> => {
  await data(http.PATCH('/api/v1/callbacks/{callback}', { params: { path: { callback: one.id } }, body: { enabled: !one.enabled } }));
  toast(t(one.enabled ? 'callback_is_off' : 'callback_is_on', { id: one.id }));
};

/** Asks for the receiver's id before it is removed with all that waits for it. */
export const removeReceiver = (http: Http, one: Receiver): Promise<boolean> =>
  confirm({
    title: t('callback_delete_title', { id: one.id }),
    text: t('callback_delete_text', { n: whole(sum(one.state.queued) + sum(one.state.dead)) }),
    act: t('delete'),
    grave: true,
    typed: one.id,
    run: async () => void (await data(http.DELETE('/api/v1/callbacks/{callback}', { params: { path: { callback: one.id } } }))),
  }).then((done) => {
    if (done) toast(t('callback_deleted', { id: one.id }));
    return done;
  });

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Page } from 'playwright-core';

/** Where there is time for it, a network is away for as long as people know it, and no browser is told. */
const LONG = Number(process.env.LIVEROOM_SCALE ?? 1) > 1;

/** The network between a page and the server is away for a while, during which the page has to know it. */
export async function away(network: Network, page: Page, known: () => Promise<unknown>): Promise<void> {
  network.die();
  if (!LONG) await page.context().setOffline(true);
  await known();
  await new Promise((resolve) => setTimeout(resolve, LONG ? 30_000 : 2000));
  network.revive();
  await page.context().setOffline(false);
}

/** A network between pages and the server, which can fail in the ways networks do. */
export class Network {
  base = '';
  /** WebSockets do not get through, as behind a proxy that knows none. */
  noUpgrade = false;
  /** How many tried. */
  upgrades = 0;
  readonly #server: Server;
  readonly #pairs = new Set<[Socket, Socket]>();
  #dead = false;

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, port));
  }

  static async to(base: string): Promise<Network> {
    const network = new Network(Number(new URL(base).port));
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    network.base = `http://127.0.0.1:${(network.#server.address() as AddressInfo).port}`;
    return network;
  }

  /** From now on nothing gets through, and nobody is told. */
  die(): void {
    this.#dead = true;
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** A new network: what was connected over the old one is lost. */
  revive(): void {
    this.#dead = false;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  close(): void {
    this.revive();
    this.#server.close();
  }

  #join(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1');
    const pair: [Socket, Socket] = [client, server];
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (data) => {
      if (/^upgrade: websocket/im.test(data.toString('latin1'))) {
        this.upgrades++;
        if (this.noUpgrade) return end();
      }
      server.write(data);
    });
    server.on('data', (data) => client.write(data));
    if (this.#dead) for (const socket of pair) socket.pause();
  }
}

// Somebody to tell: a web server that keeps what it was sent, with a switch.
import { createServer, Server } from 'node:http';

export class Receiver {
  private server?: Server;
  private port = 0;
  /** What it answers with. */
  status = 200;
  /** The bodies that came, the oldest first. */
  readonly bodies: any[] = [];
  /** The same as they came, with their headers: what a signature is over. */
  readonly raw: { headers: Record<string, string>; text: string }[] = [];

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.server = createServer((request, answer) => {
      let text = '';
      request.on('data', (data) => (text += data));
      request.on('end', () => {
        receiver.bodies.push(JSON.parse(text));
        receiver.raw.push({ headers: request.headers as Record<string, string>, text });
        answer.writeHead(receiver.status, { 'content-type': 'text/plain' });
        answer.end(receiver.status === 200 ? 'thank you' : 'not today');
      });
    });
    await new Promise<void>((resolve) => receiver.server!.listen(0, '127.0.0.1', resolve));
    receiver.port = (receiver.server.address() as { port: number }).port;
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks/pharos`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

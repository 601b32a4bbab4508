// Something to watch: a web server with a switch.
import { createServer, Server } from 'node:http';

export class Target {
  private server?: Server;
  private port = 0;
  /** What it answers with. */
  status = 200;

  static async start(): Promise<Target> {
    const target = new Target();
    await target.on();
    return target;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Switches it on, on the same port as before. */
  async on(): Promise<void> {
    this.server = createServer((_, answer) => {
      answer.writeHead(this.status, { 'content-type': 'text/plain' });
      answer.end('hello');
    });
    await new Promise<void>((resolve) => this.server!.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as { port: number }).port;
  }

  /** Switches it off: connections are refused. */
  async off(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

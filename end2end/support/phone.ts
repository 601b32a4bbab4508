// Whoever carries text messages: what Twilio's Messages API answers, and the texts that it was given.
import { createServer, Server } from 'node:http';

export class Phone {
  private server?: Server;
  private port = 0;
  /** The texts that came, the oldest first. */
  readonly texts: { to: string; body: string }[] = [];

  static async start(): Promise<Phone> {
    const phone = new Phone();
    phone.server = createServer((request, answer) => {
      let form = '';
      request.on('data', (data) => (form += data));
      request.on('end', () => {
        const fields = new URLSearchParams(form);
        phone.texts.push({ to: fields.get('To')!, body: fields.get('Body')! });
        answer.writeHead(201, { 'content-type': 'application/json' });
        answer.end(JSON.stringify({ sid: `SM${phone.texts.length}`, status: 'queued' }));
      });
    });
    await new Promise<void>((resolve) => phone.server!.listen(0, '127.0.0.1', resolve));
    phone.port = (phone.server.address() as { port: number }).port;
    return phone;
  }

  /** What Pharos is started with, so that it sends its texts here. */
  get environment(): Record<string, string> {
    return {
      PHAROS_SMS_ACCOUNT_SID: 'AC0123456789',
      PHAROS_SMS_AUTH_TOKEN: 's3cr3t',
      PHAROS_SMS_FROM: '+15550100100',
      PHAROS_SMS_API_URL: `http://127.0.0.1:${this.port}`,
    };
  }

  /** The code in the last text. */
  get code(): string {
    return this.texts.at(-1)!.body.match(/^\d{6}/)![0];
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

// A real mail server (aiosmtpd, the one of the engine's tests) that keeps what it takes.
import { ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('../../server/engine/tests/providers/mail_server.py', import.meta.url));
const [USER, PASSWORD] = ['pharos', 'p4ssw0rd-of-the-relay'];

export interface Mail {
  from: string;
  to: string[];
  headers: Record<string, string>;
  plain: string;
  html: string;
}

export class Mailbox {
  /** The mails that came, the oldest first. */
  readonly mails: Mail[] = [];

  private constructor(
    private readonly process: ChildProcess,
    readonly port: number,
  ) {}

  static async start(): Promise<Mailbox> {
    const knows = (python: string) => spawnSync(python, ['-c', 'import aiosmtpd']).status === 0;
    const python = ['python3', '/usr/bin/python3'].find(knows);
    if (!python) throw new Error('aiosmtpd is missing: apt-get install python3-aiosmtpd');
    const child = spawn(python, [SCRIPT, 'none', '-', '-', USER, PASSWORD], { stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: child.stdout! });
    const mailbox = await new Promise<Mailbox>((resolve, reject) => {
      lines.once('line', (line) => resolve(new Mailbox(child, JSON.parse(line).port)));
      child.once('exit', (code) => reject(new Error(`the mail server ended with ${code}`)));
    });
    lines.on('line', (line) => mailbox.mails.push(JSON.parse(line)));
    return mailbox;
  }

  /** What Pharos is started with, so that it sends its mail here. */
  get environment(): Record<string, string> {
    return {
      PHAROS_MAIL_HOST: '127.0.0.1',
      PHAROS_MAIL_PORT: String(this.port),
      PHAROS_MAIL_SECURITY: 'none',
      PHAROS_MAIL_USERNAME: USER,
      PHAROS_MAIL_PASSWORD: PASSWORD,
      PHAROS_MAIL_FROM: 'pharos@status.example.org',
    };
  }

  /** The mails to an address. */
  to(address: string): Mail[] {
    return this.mails.filter((mail) => mail.to.includes(address));
  }

  async stop(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    // It ends with its standard input.
    this.process.stdin!.end();
    await gone;
  }
}

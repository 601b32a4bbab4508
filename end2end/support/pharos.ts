// The real program on a fresh folder and a free port, as a person starts it.
import { ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Finds a port that nobody uses. */
async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

export class Pharos {
  private process?: ChildProcess;
  private output = '';

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly environment: Record<string, string>,
  ) {}

  /** Starts it on an empty folder; `environment` is what it finds there besides. */
  static async start(environment: Record<string, string> = {}): Promise<Pharos> {
    const pharos = new Pharos(await freePort(), mkdtempSync(join(tmpdir(), 'pharos-e2e-')), environment);
    await pharos.run();
    return pharos;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The one-time link that it printed. */
  get setupPath(): string {
    const link = this.output.match(/\/setup\?token=\w+/);
    if (!link) throw new Error(`no set-up link in: ${this.output}`);
    return link[0];
  }

  /** Runs it and waits until it says that it is ready. */
  async run(): Promise<void> {
    const binary = process.env.PHAROS;
    if (!binary) throw new Error('PHAROS must name the binary: run `make e2e`');
    this.output = '';
    const child = spawn(binary, ['serve'], {
      cwd: this.folder,
      env: {
        PATH: process.env.PATH,
        HOME: this.folder,
        PHAROS_HOST: '127.0.0.1',
        PHAROS_PORT: String(this.port),
        PHAROS_DATA_DIR: this.folder,
        // No traffic to the internet from a test.
        PHAROS_CHECKS_ANCHORS: 'none',
        RUST_BACKTRACE: '1',
        ...this.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    child.stdout!.on('data', (data) => (this.output += data));
    child.stderr!.on('data', (data) => (this.output += data));
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`pharos ended with ${child.exitCode}: ${this.output}`);
      const ready = await fetch(`${this.url}/readyz`).then((answer) => answer.ok, () => false);
      if (ready && this.output.includes('Pharos is running')) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`pharos is not ready: ${this.output}`);
  }

  /** Ends it, politely or not. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.process;
    // A process that was killed has no exit code, and ends only once.
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  /** Ends it and forgets everything. */
  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

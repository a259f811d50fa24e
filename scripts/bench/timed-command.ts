import { spawn } from 'node:child_process'

/** Runs a shell command to its end; its wall and CPU time, its children's with it, and what it printed. */
export function timeCommand(command: string): Promise<{ wallMs: number; cpuMs: number; stdout: string }> {
  const script = `TIMEFORMAT='%U %S'; time { ${command} ; } 2>/dev/null`
  const started = performance.now()
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString()
  })
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      const wallMs = performance.now() - started
      const [user = 0, system = 0] = stderr.trim().split(/\s+/).map(Number)
      resolve({ wallMs, cpuMs: (user + system) * 1000, stdout })
    })
  })
}

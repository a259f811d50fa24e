import { DurableObject } from 'cloudflare:workers'

const sweepEveryMs = 60_000

/** Takes each key once, and counts tries. On disk: an eviction forgets nothing. Each call is one piece, nothing comes between. */
export class GuardObject extends DurableObject {
  #sweepAt = 0

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    ctx.storage.sql.exec(
      'create table if not exists taken (key text primary key, expires_at integer not null) without rowid',
    )
    ctx.storage.sql.exec(
      'create table if not exists windows (key text primary key, tries integer not null, ends_at integer not null) without rowid',
    )
  }

  /** False when it was taken before. */
  take(key: string, expiresAt: number): boolean {
    this.#sweep()
    const { sql } = this.ctx.storage
    return sql.exec('insert or ignore into taken values (?, ?)', key, expiresAt).rowsWritten > 0
  }

  /** Counts one try; false when there were too many in the window. */
  count(key: string, limit: number, windowMs: number): boolean {
    this.#sweep()
    const now = Date.now()
    const { tries } = this.ctx.storage.sql
      .exec<{ tries: number }>(
        `insert into windows values (?1, 1, ?2 + ?3) on conflict (key) do update set
          tries = case when ends_at <= ?2 then 1 else tries + 1 end,
          ends_at = case when ends_at <= ?2 then ?2 + ?3 else ends_at end
        returning tries`,
        key,
        now,
        windowMs,
      )
      .one()
    return tries <= limit
  }

  #sweep(): void {
    const now = Date.now()
    if (now < this.#sweepAt) return
    this.#sweepAt = now + sweepEveryMs
    this.ctx.storage.sql.exec('delete from taken where expires_at <= ?', now)
    this.ctx.storage.sql.exec('delete from windows where ends_at <= ?', now)
  }
}

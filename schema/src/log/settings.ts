import { type LogFormat, type LogLevel, logFormats, logLevels } from './log.ts'

/**
 * DRAGONFLY_LOG_LEVEL and DRAGONFLY_LOG_FORMAT, the same for every program. What is neither is passed over: a log that
 * says more than was asked for is better than a program that does not start.
 */
export function readLogSettings(
  environment: Record<string, string | undefined>,
  defaults: { level?: LogLevel; format: LogFormat },
): { level: LogLevel; format: LogFormat } {
  const { DRAGONFLY_LOG_LEVEL: level, DRAGONFLY_LOG_FORMAT: format } = environment
  return {
    level: logLevels.find((name) => name === level) ?? defaults.level ?? 'info',
    format: logFormats.find((name) => name === format) ?? defaults.format,
  }
}

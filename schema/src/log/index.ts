export {
  createLog,
  type Log,
  type LogFields,
  type LogFormat,
  type LogLevel,
  type LogOptions,
  logFormats,
  logLevels,
  silentLog,
} from './log.ts'
export { readLogSettings } from './settings.ts'

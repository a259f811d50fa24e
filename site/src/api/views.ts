import type { components } from './openapi.d.ts'

type Schemas = components['schemas']

export type Machine = Schemas['Machine']
export type MachineDetail = Schemas['MachineDetail']
export type Deployment = Schemas['Deployment']
export type Image = Schemas['Image']
export type ImageEdge = Image['edges'][number]
export type Template = Schemas['Template']
export type Site = Schemas['Site']
export type Edge = Schemas['Edge']
export type EdgeInterface = Edge['interfaces'][number]
export type Setup = Schemas['Setup']
export type Problem = Schemas['Problem']
export type EnrolmentToken = Schemas['EnrolmentToken']
export type Inventory = NonNullable<MachineDetail['inventory']>
export type Disk = Inventory['disks'][number]
export type AuditEntry = Schemas['AuditEntry']
export type LogLine = Schemas['Log']['lines'][number]
export type Me = Schemas['Me']
export type User = Schemas['User']
export type Passkey = Schemas['Passkey']
export type ApiKey = Schemas['ApiKey']

import type { Bmc } from '../bmc.ts'
import { type SensorDefinition, type SensorKind, sensors } from '../sensors.ts'
import { collection, done, link, objectField, type Resource } from './answer.ts'
import type { RedfishPersonality } from './personality.ts'

const readingTypes: Record<SensorKind, { type: string; units: string }> = {
  temperature: { type: 'Temperature', units: 'Cel' },
  fan: { type: 'Rotational', units: 'RPM' },
  voltage: { type: 'Voltage', units: 'V' },
  power: { type: 'Power', units: 'W' },
}

const sensorsOf = (kind: SensorKind): SensorDefinition[] => sensors.filter((sensor) => sensor.kind === kind)
const idOf = (sensor: SensorDefinition): string => sensor.name.replace(/[^A-Za-z0-9]/g, '')

async function renderThermal(bmc: Bmc, path: string): Promise<object> {
  const entry = async (sensor: SensorDefinition, index: number, list: string) => ({
    '@odata.id': `${path}#/${list}/${index}`,
    MemberId: String(index),
    Name: sensor.name,
    reading: (await bmc.read(sensor)) ?? null,
    thresholds: sensor.thresholds,
  })
  const temperatures = await Promise.all(
    sensorsOf('temperature').map(async (sensor, index) => {
      const { reading, thresholds, ...rest } = await entry(sensor, index, 'Temperatures')
      const state = reading === null ? 'Absent' : 'Enabled'
      return {
        ...rest,
        ReadingCelsius: reading,
        PhysicalContext: sensor.number === 1 ? 'Intake' : 'CPU',
        UpperThresholdNonCritical: thresholds.upperNonCritical ?? null,
        UpperThresholdCritical: thresholds.upperCritical ?? null,
        Status: { State: state, Health: 'OK' },
      }
    }),
  )
  const fans = await Promise.all(
    sensorsOf('fan').map(async (sensor, index) => {
      const { reading, thresholds, ...rest } = await entry(sensor, index, 'Fans')
      const lower = { LowerThresholdCritical: thresholds.lowerCritical ?? null }
      const state = reading === null ? 'Absent' : 'Enabled'
      return {
        ...rest,
        ...lower,
        Reading: reading,
        ReadingUnits: 'RPM',
        Status: { State: state, Health: 'OK' },
      }
    }),
  )
  const type = '#Thermal.v1_7_0.Thermal'
  return {
    '@odata.id': path,
    '@odata.type': type,
    Id: 'Thermal',
    Name: 'Thermal',
    Temperatures: temperatures,
    Fans: fans,
  }
}

async function renderPower(bmc: Bmc, path: string): Promise<object> {
  const watts = await bmc.readWatts()
  const voltages = await Promise.all(
    sensorsOf('voltage').map(async (sensor, index) => ({
      '@odata.id': `${path}#/Voltages/${index}`,
      MemberId: String(index),
      Name: sensor.name,
      ReadingVolts: (await bmc.read(sensor)) ?? null,
      Status: { State: 'Enabled', Health: 'OK' },
    })),
  )
  const control = {
    '@odata.id': `${path}#/PowerControl/0`,
    MemberId: '0',
    Name: 'System power control',
    PowerConsumedWatts: watts,
    PowerCapacityWatts: 800,
    PowerLimit: {
      LimitInWatts: bmc.powerLimit.isActive ? bmc.powerLimit.watts : null,
      LimitException: 'NoAction',
    },
    PowerMetrics: {
      MinConsumedWatts: Math.round(watts * 0.92),
      MaxConsumedWatts: Math.round(watts * 1.1),
      AverageConsumedWatts: watts,
      IntervalInMin: 1,
    },
  }
  const supply = {
    '@odata.id': `${path}#/PowerSupplies/0`,
    MemberId: '0',
    Name: 'PS1',
    PowerInputWatts: watts,
    LineInputVoltage: 230,
    PowerCapacityWatts: 800,
    Status: { State: 'Enabled', Health: 'OK' },
  }
  const type = '#Power.v1_7_0.Power'
  const lists = { PowerControl: [control], PowerSupplies: [supply], Voltages: voltages }
  return { '@odata.id': path, '@odata.type': type, Id: 'Power', Name: 'Power', ...lists }
}

function sensorResource(bmc: Bmc, path: string, sensor: SensorDefinition): Resource {
  const { type, units } = readingTypes[sensor.kind]
  const bound = (value: number | undefined) => (value === undefined ? undefined : { Reading: value })
  return {
    get: async () => ({
      '@odata.id': path,
      '@odata.type': '#Sensor.v1_5_0.Sensor',
      Id: idOf(sensor),
      Name: sensor.name,
      Reading: (await bmc.read(sensor)) ?? null,
      ReadingType: type,
      ReadingUnits: units,
      Thresholds: {
        UpperCaution: bound(sensor.thresholds.upperNonCritical),
        UpperCritical: bound(sensor.thresholds.upperCritical),
        LowerCaution: bound(sensor.thresholds.lowerNonCritical),
        LowerCritical: bound(sensor.thresholds.lowerCritical),
      },
      Status: { State: 'Enabled', Health: 'OK' },
    }),
  }
}

/** The enclosure: power, heat, and every sensor by itself. */
export function chassisResources(bmc: Bmc, redfish: RedfishPersonality): Record<string, Resource> {
  const path = `/redfish/v1/Chassis/${redfish.chassisId}`
  const sensorPath = (sensor: SensorDefinition) => `${path}/Sensors/${idOf(sensor)}`
  const { manufacturer, model } = bmc.personality
  const render = async (): Promise<object> => ({
    '@odata.id': path,
    '@odata.type': '#Chassis.v1_17_0.Chassis',
    Id: redfish.chassisId,
    Name: 'Chassis',
    ChassisType: 'RackMount',
    Manufacturer: manufacturer,
    Model: model,
    SerialNumber: bmc.chassis.identity.serialNumber,
    PowerState: (await bmc.chassis.isOn()) ? 'On' : 'Off',
    LocationIndicatorActive: bmc.isIdentifying,
    IndicatorLED: bmc.isIdentifying ? 'Blinking' : 'Off',
    Power: link(`${path}/Power`),
    Thermal: link(`${path}/Thermal`),
    Sensors: link(`${path}/Sensors`),
    ...(redfish.hasEnvironmentMetrics ? { EnvironmentMetrics: link(`${path}/EnvironmentMetrics`) } : {}),
    Links: {
      ComputerSystems: [link(`/redfish/v1/Systems/${redfish.systemId}`)],
      ManagedBy: [link(`/redfish/v1/Managers/${redfish.managerId}`)],
    },
    Status: { State: 'Enabled', Health: 'OK' },
  })
  const metrics = `${path}/EnvironmentMetrics`
  return {
    '/redfish/v1/Chassis': {
      get: () => collection('/redfish/v1/Chassis', 'Chassis', 'ChassisCollection', [path]),
    },
    [path]: {
      get: render,
      patch: ({ body }) => {
        const active = body.LocationIndicatorActive ?? body.IndicatorLED !== 'Off'
        bmc.identifyUntilMs = active === true ? Number.POSITIVE_INFINITY : 0
        return done
      },
    },
    [`${path}/Power`]: {
      get: () => renderPower(bmc, `${path}/Power`),
      patch: ({ body }) => {
        const [control] = Array.isArray(body.PowerControl)
          ? (body.PowerControl as Record<string, unknown>[])
          : []
        const watts = control && objectField(control, 'PowerLimit')?.LimitInWatts
        if (typeof watts === 'number') bmc.powerLimit = { ...bmc.powerLimit, watts, isActive: true }
        else if (watts === null) bmc.powerLimit = { ...bmc.powerLimit, isActive: false }
        return done
      },
    },
    [`${path}/Thermal`]: { get: () => renderThermal(bmc, `${path}/Thermal`) },
    [`${path}/Sensors`]: {
      get: () => collection(`${path}/Sensors`, 'Sensors', 'SensorCollection', sensors.map(sensorPath)),
    },
    ...Object.fromEntries(
      sensors.map((sensor) => [sensorPath(sensor), sensorResource(bmc, sensorPath(sensor), sensor)]),
    ),
    ...(redfish.hasEnvironmentMetrics
      ? {
          [metrics]: {
            get: async () => ({
              '@odata.id': metrics,
              '@odata.type': '#EnvironmentMetrics.v1_3_0.EnvironmentMetrics',
              Id: 'EnvironmentMetrics',
              Name: 'Environment metrics',
              PowerWatts: { Reading: await bmc.readWatts() },
            }),
          },
        }
      : {}),
  }
}

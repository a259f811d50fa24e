/** TCP ports of an edge, on each interface it serves. */
export const edgePorts = {
  /** iPXE scripts and boot files (boot responder). */
  bootHttp: 6870,
  /** Image manifests and chunks (image server). */
  imageHttp: 6871,
  /** Ramdisk link, phone-home, health and metrics (supervisor). */
  agentHttp: 6872,
} as const

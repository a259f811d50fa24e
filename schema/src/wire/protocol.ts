/**
 * Names that the ramdisk needs before it says hello. Free of zod, so that its bundle can put off building the
 * schemas until the connection is under way.
 */

/** Version of the tunnel and ramdisk protocols. A peer that speaks another one is told which side to update. */
export const wireProtocol = 1

/** Path of the ramdisk's WebSocket on the edge's agentHttp port. JSON text frames. */
export const ramdiskLinkPath = '/ramdisk/v1/link'

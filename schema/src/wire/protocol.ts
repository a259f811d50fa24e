/**
 * Names that the ramdisk needs before it says hello. Free of zod, so that its bundle can put off building the
 * schemas until the connection is under way.
 */

/** Version of the tunnel and ramdisk protocols. A peer that speaks another one is told which side to update. */
export const wireProtocol = 1
/**
 * The oldest that this program still speaks with a peer that knows no newer one: at least the one before
 * `wireProtocol`, once there is one. Of two peers, the newest that both speak is spoken.
 */
export const oldestWireProtocol = 1

/** Path of the ramdisk's WebSocket on the edge's agentHttp port. JSON text frames. */
export const ramdiskLinkPath = '/ramdisk/v1/link'

/** Version of the control plane, as people and edges see it. */
export const version = '0.1.0'

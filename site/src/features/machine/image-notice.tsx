import { isActive } from '@dragonfly/schema/state'
import { useQuery } from '@tanstack/react-query'
import { imagesQuery } from '../../api/queries.ts'
import type { Deployment, MachineDetail } from '../../api/views.ts'
import { describeMissingImage } from './missing-image.ts'

/** Says what a deployment waits for whose image is not at the machine's site, and how far that is. */
export function ImageNotice({ machine, deployment }: { machine: MachineDetail; deployment: Deployment }) {
  const waits = isActive(deployment.status) && !deployment.abortRequested
  const { data: images } = useQuery({ ...imagesQuery, enabled: waits })
  const image = images?.find(({ imageId }) => imageId === deployment.imageId)
  const text = waits && image && describeMissingImage(image, machine.siteName)
  if (!text) return null
  return (
    <p role="status" className="mb-9 max-w-2xl border-l-[3px] border-touch pl-5 text-lg">
      {text}
    </p>
  )
}

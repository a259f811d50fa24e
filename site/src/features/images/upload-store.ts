import { useSyncExternalStore } from 'react'
import { showToast } from '../../components/toast-store.ts'
import { createUploads, type RunningUpload, uploadDeps } from './uploads.ts'

/** The uploads of this tab: they go on while a person looks at other pages. */
export const uploads = createUploads({
  ...uploadDeps,
  onFinished: (image) =>
    showToast({ text: `${image.name} has arrived: every edge imports and verifies it now.` }),
})

export function useUploads(): readonly RunningUpload[] {
  return useSyncExternalStore(uploads.subscribe, uploads.list)
}

/** Camera and microphone: as much of them as there is and as the person allows. */

const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 24, max: 30 }, facingMode: "user" };

/** Both, else sound alone, else nothing: an empty stream, with which one can still see and hear. @returns {Promise<MediaStream>} */
export async function borrow() {
  for (const wanted of [{ audio: SOUND, video: PICTURE }, { audio: SOUND }]) {
    try {
      return await navigator.mediaDevices.getUserMedia(wanted);
    } catch {
      // The next, smaller wish is tried; what is missing is said to the person.
    }
  }
  return new MediaStream();
}

/** Give camera and microphone back; their lights go out. @param {MediaStream | null} stream */
export function giveBack(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

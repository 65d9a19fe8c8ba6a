/** Some things ask for a factor that was shown just now: the person is asked, and then it is done. */

/** @type {(() => Promise<boolean>) | null} */
let asker = null;

/** Whoever can ask the person says so; returns how to stop. @param {() => Promise<boolean>} ask */
export function onStepUp(ask) {
  asker = ask;
  return () => {
    if (asker === ask) asker = null;
  };
}

/** Ask the person to show that it is them; whether they did. */
export const askForStepUp = async () => (asker ? asker() : false);

// The product's own behaviour. Small modules, no inline script: the CSP allows none.
import { comparing } from "./compare.js";
import { costLine } from "./cost.js";
import { refusals } from "./errors.js";
import { watchJobs } from "./jobs.js";
import { keys } from "./keys.js";
import { masonry } from "./masonry.js";
import { copies, demoPeople, dialogs, reports, toasts } from "./parts.js";
import { signals } from "./signals.js";
import { sounds } from "./sound.js";
import { studioForm } from "./studio.js";

toasts();
dialogs();
reports();
copies();
demoPeople();
masonry();
signals();
sounds();
studioForm();
refusals();
costLine();
watchJobs();
comparing();
keys();

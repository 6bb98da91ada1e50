'use strict';
/* Polls /status.json and shows it. What comes from data only ever goes through textContent. Elements
 * stay where they are and change their text, so that nothing jumps and selections survive. */

const PERIOD_MS = 1000, LATE_MS = 8000, LONGEST_PAUSE_MS = 10000, SPEAK_MS = 30000;
const STAGES = [
    ['queue', 'URLs that wait for their turn at their host'],
    ['fetch', 'URLs being downloaded'],
    ['validate', 'pictures being checked'],
    ['wait', 'jobs that wait for a backend'],
    ['predict', 'jobs that a backend works on'],
    ['record', 'outcomes on their way to the database'],
];
const WORDS = { /* of a backend's state, and how it is drawn */
    'closed': ['breaker closed', 'good'],
    'open': ['breaker open', 'bad'],
    'half-open': ['breaker half-open', 'fair'],
    'working': ['working', 'good'],
    'idle': ['idle', ''],
};
const $ = id => document.getElementById(id);
const count = new Intl.NumberFormat('en');
const rate = new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1});
let failures = 0, spokenAt = 0, seenAt = null;

function say(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}

function duration(seconds) {
    if (seconds === null || seconds === undefined)
        return '–';
    if (seconds < 60)
        return Math.ceil(seconds) + ' s';
    const minutes = Math.ceil(seconds / 60);
    if (minutes < 60)
        return minutes + ' min';
    const hours = Math.floor(minutes / 60);
    if (hours < 48)
        return hours + ' h ' + minutes % 60 + ' min';
    return Math.floor(hours / 24) + ' d ' + hours % 24 + ' h';
}

function left(jobs) {
    return jobs.pending + jobs.leased;
}

/* Gives the table body exactly as many rows, each made by `make` once and kept. */
function rows(table, wanted, make, empty) {
    const body = $(table).tBodies[0];
    if (body.dataset.empty)
        body.replaceChildren();
    delete body.dataset.empty;
    while (body.rows.length > wanted)
        body.deleteRow(-1);
    while (body.rows.length < wanted)
        make(body.insertRow());
    if (wanted === 0 && empty) {
        const cell = body.insertRow().insertCell();
        cell.colSpan = $(table).tHead.rows[0].cells.length;
        cell.className = 'empty';
        cell.textContent = empty;
        body.dataset.empty = 'yes';
        return [];
    }
    return body.rows;
}

function heading(row) {
    const cell = document.createElement('th');
    cell.scope = 'row';
    return row.appendChild(cell);
}

function cells(row, classes) {
    for (const name of classes)
        row.insertCell().className = name;
}

function badge(cell) {
    const span = document.createElement('span');
    span.className = 'badge';
    return cell.appendChild(span);
}

function mark(element, text, look) {
    const wanted = 'badge' + (look ? ' ' + look : '');
    say(element, text);
    if (element.className !== wanted)
        element.className = wanted;
}

/* ---- tables ---- */

function makeTarget(row) {
    const target = heading(row), more = document.createElement('span');
    target.append(document.createElement('span'), more);
    more.className = 'muted';
    const box = document.createElement('div');
    box.className = 'percent';
    box.append(document.createElement('progress'), document.createElement('span'));
    row.insertCell().append(box);
    cells(row, ['number', 'number', 'number', 'number']);
}

function percent(part, whole) {
    return whole ? Math.floor(part / whole * 100) : 0;
}

function showTarget(row, run, target) {
    const [what, bar, done, failed, rest, eta] = row.cells, jobs = target.jobs;
    const [meter, share] = bar.firstChild.children, ended = jobs.done + jobs.failed;
    const more = target.framework + ' · ' + target.backend + ' · run ' + run.run;
    say(what.firstChild, target.model);
    say(what.lastChild, more);
    meter.max = Math.max(jobs.enqueued, 1);
    meter.value = ended;
    meter.setAttribute('aria-label', target.model + ' ' + more);
    say(share, percent(ended, jobs.enqueued) + ' %');
    say(done, count.format(jobs.done));
    say(failed, count.format(jobs.failed));
    say(rest, count.format(left(jobs)));
    /* The targets of a run are worked on together. */
    say(eta, left(jobs) ? duration(run.jobs.eta_seconds) : 'finished');
}

function showTargets(status) {
    const all = (status.runs || []).flatMap(run => run.targets.map(target => [run, target]));
    const shown = rows('targets', all.length, makeTarget,
                       status.runs ? 'Nothing is enqueued.' : 'The database cannot be read now.');
    all.forEach(([run, target], i) => showTarget(shown[i], run, target));
    $('cut').hidden = !status.runs_cut;
}

function showStages(status) {
    const shown = rows('stages', STAGES.length, row => {
        heading(row);
        cells(row, ['number', 'muted']);
    });
    STAGES.forEach(([name, what], i) => {
        const [stage, now, meaning] = shown[i].cells;
        say(stage, name);
        say(now, count.format(status.in_flight[name]));
        say(meaning, what);
    });
}

function showBackends(status) {
    const shown = rows('backends', status.backends.length, row => {
        heading(row);
        badge(row.insertCell());
        const calls = row.insertCell(), ceiling = document.createElement('span');
        calls.append(document.createElement('span'), ceiling);
        ceiling.className = 'muted';
    }, 'There are none.');
    status.backends.forEach((backend, i) => {
        const [name, state, calls] = shown[i].cells;
        const [word, look] = WORDS[backend.state] || [backend.state, ''];
        const away = backend.away_seconds ? ', away ' + duration(backend.away_seconds) : '';
        say(name, backend.name);
        mark(state.firstChild, word + away, look);
        say(calls.firstChild, count.format(backend.in_flight) + ' of ' + count.format(backend.limit));
        say(calls.lastChild, backend.limit < backend.ceiling
            ? ' (ceiling ' + count.format(backend.ceiling) + ')' : '');
    });
}

function showReasons(status) {
    const sorted = [...status.reasons].sort((a, b) => b.failed - a.failed || b.waiting - a.waiting);
    const shown = rows('reasons', sorted.length, row => {
        heading(row);
        cells(row, ['number', 'number', '', 'muted text']);
    }, 'Nothing so far.');
    sorted.forEach((reason, i) => {
        const [name, failed, waiting, stage, meaning] = shown[i].cells;
        say(name, reason.reason);
        say(stage, reason.stage);
        say(failed, count.format(reason.failed));
        say(waiting, count.format(reason.waiting));
        say(meaning, reason.text);
    });
}

/* ---- the page ---- */

function showProblem(text) {
    say($('problem'), text);
    $('problem').hidden = !text;
}

/* For screen readers: not each second, but now and then. */
function speak(text, now) {
    if (!now && Date.now() - spokenAt < SPEAK_MS)
        return;
    spokenAt = Date.now();
    say($('spoken'), text);
}

function showKeys(status) {
    const jobs = status.jobs;
    say($('done'), jobs ? count.format(jobs.done) : '–');
    say($('failed'), jobs ? count.format(jobs.failed) : '–');
    say($('left'), jobs ? count.format(left(jobs)) : '–');
    say($('rate'), rate.format(status.urls_per_second));
    say($('minute'), jobs ? count.format(jobs.last_minute) : '–');
    say($('eta'), !jobs ? '–' : left(jobs) ? duration(jobs.eta_seconds) : 'finished');
    if (jobs) {
        const ended = jobs.done + jobs.failed, share = percent(ended, jobs.enqueued) + ' %';
        document.title = jobs.enqueued ? share + ' – carmlbench' : 'carmlbench';
        speak(share + ' of ' + count.format(jobs.enqueued) + ' jobs ended, ' +
              count.format(jobs.failed) + ' of them failed.', false);
    }
}

function show(status) {
    const idle = status.jobs && left(status.jobs) === 0;
    const word = status.state === 'working' && idle ? 'idle' : status.state;
    mark($('state'), status.healthy ? word : 'in trouble',
         status.healthy ? (word === 'working' ? 'good' : '') : 'bad');
    say($('since'), 'Up for ' + duration(status.uptime_seconds) + ', ' +
        Math.round(status.memory.resident / 1048576) + ' MiB of memory, ' +
        (status.memory.pictures / 1048576).toFixed(1) + ' of ' +
        Math.round(status.memory.pictures_limit / 1048576) + ' MiB of pictures.');
    showProblem(status.healthy ? '' : status.problem);
    showKeys(status);
    showTargets(status);
    showStages(status);
    showBackends(status);
    showReasons(status);
    say($('version'), 'carmlbench ' + status.version);
}

function lost(error) {
    failures++;
    document.body.classList.add('stale');
    mark($('state'), 'not reachable', 'bad');
    showProblem('The daemon does not answer (' + error.message + '). ' +
                (seenAt ? 'What is shown is of ' + seenAt.toLocaleTimeString() + '. '
                        : 'Nothing was received yet. ') + 'This page goes on by itself.');
    if (failures === 1)
        speak('The daemon does not answer.', true);
}

function found(status) {
    document.body.classList.remove('stale');
    if (failures)
        speak('The daemon answers again.', true);
    failures = 0;
    seenAt = new Date();
    show(status);
}

async function ask() {
    const response = await fetch('/status.json', {cache: 'no-store',
                                                  signal: AbortSignal.timeout(LATE_MS)});
    if (!response.ok)
        throw new Error('HTTP ' + response.status);
    return response.json();
}

async function poll() {
    asking = true;
    try {
        found(await ask());
    } catch (error) {
        lost(error);
    }
    asking = false;
    const pause = document.hidden ? LONGEST_PAUSE_MS
                                  : Math.min(PERIOD_MS * 2 ** Math.min(failures, 4), LONGEST_PAUSE_MS);
    timer = setTimeout(poll, pause);
}

let asking = false, timer = setTimeout(poll, 0);
document.addEventListener('visibilitychange', () => {
    if (document.hidden || asking)
        return;
    clearTimeout(timer);
    timer = setTimeout(poll, 0);
});

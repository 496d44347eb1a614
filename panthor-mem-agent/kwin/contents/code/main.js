// SPDX-License-Identifier: MIT
//
// Tell panthor-mem-agent(1) which windows are hidden: all windows every few seconds, because the
// agent may have been started since, and each change at once. KWin 5 and 6 have different names
// for some of the same things.

const NAME = "org.panthormem.Agent1";
const PATH = "/org/panthormem/Agent1";
const SYNC_MS = 10000;

function call(method, ...args) {
    callDBus(NAME, PATH, NAME, method, ...args);
}

function windows() {
    return workspace.windowList ? workspace.windowList() : workspace.clientList();
}

// An empty list stands for all. If it is no list, nobody knows.
function has(list, item) {
    return !list || !list.length || Array.prototype.indexOf.call(list, item) !== -1;
}

function onCurrentDesktop(window) {
    // KWin 6 has an object for each desktop, KWin 5 a number.
    const list = typeof workspace.currentDesktop === "object" ? window.desktops :
        window.x11DesktopIds;

    return window.onAllDesktops || has(list, workspace.currentDesktop);
}

function isHidden(window) {
    return window.minimized || !onCurrentDesktop(window) ||
        !has(window.activities, workspace.currentActivity);
}

// KWin knows the process of a Wayland client. That of an X11 window is what the client says. KWin 6
// has no property for the difference, but the name of the class.
function isSure(window) {
    return /^KWin::(Xdg|LayerShell|InputPanel|Internal|Wayland)/.test(String(window));
}

function report(window) {
    call("Window", String(window.internalId), window.pid, isSure(window),
        String(window.desktopFileName || window.resourceClass || ""), isHidden(window),
        window.active);
}

function sync() {
    windows().forEach(report);
    call("Sync");
}

function watch(window) {
    const changed = () => report(window);

    ["minimizedChanged", "activeChanged", "desktopsChanged", "desktopChanged",
        "x11DesktopIdsChanged", "activitiesChanged"].forEach((name) => {
        if (window[name])
            window[name].connect(changed);
    });
    report(window);
}

function on(names, handler) {
    names.forEach((name) => {
        if (workspace[name])
            workspace[name].connect(handler);
    });
}

on(["windowAdded", "clientAdded"], watch);
on(["windowRemoved", "clientRemoved"], (window) =>
    call("WindowClosed", String(window.internalId)));
on(["currentDesktopChanged", "currentActivityChanged"], sync);
windows().forEach(watch);
call("Sync");

const timer = new QTimer();
timer.interval = SYNC_MS;
timer.timeout.connect(sync);
timer.start();

// SPDX-License-Identifier: MIT
//
// Run the script for KWin with a made-up KWin 5 and KWin 6, and check what it calls.
// usage: node kwin-script.js MAIN_JS

"use strict";

const assert = require("assert");
const fs = require("fs");
const vm = require("vm");

const source = fs.readFileSync(process.argv[2], "utf8");

class Signal {
    constructor() {
        this.handlers = [];
    }
    connect(handler) {
        this.handlers.push(handler);
    }
    emit(...args) {
        this.handlers.forEach((handler) => handler(...args));
    }
}

// The names that only one of the two versions has.
const versions = {
    5: { list: "clientList", added: "clientAdded", removed: "clientRemoved",
        windowDesktop: "desktopChanged", desktops: ["1", "2"].map(Number) },
    6: { list: "windowList", added: "windowAdded", removed: "windowRemoved",
        windowDesktop: "desktopsChanged", desktops: [{ id: "one" }, { id: "two" }] },
};

let next = 1;

class Window {
    constructor(version, className, pid) {
        this.className = className;
        this.pid = pid;
        this.internalId = { toString: () => `{${this.number}}` };
        this.number = next++;
        this.minimized = false;
        this.active = false;
        this.onAllDesktops = false;
        this.activities = [];
        this.desktopFileName = `app${pid}`;
        this.resourceClass = "class";
        this.minimizedChanged = new Signal();
        this.activeChanged = new Signal();
        this.activitiesChanged = new Signal();
        this[versions[version].windowDesktop] = new Signal();
        this.version = version;
        this.putOn(0);
    }
    putOn(index) {
        const desktop = versions[this.version].desktops[index];

        this.desktops = [desktop];
        if (this.version === "5")
            this.x11DesktopIds = [desktop];
    }
    toString() {
        return `${this.className}(0x1234)`;
    }
}

function start(version) {
    const names = versions[version];
    const kwin = { calls: [], timers: [], list: [] };
    const workspace = {
        currentDesktop: names.desktops[0],
        currentActivity: "a",
        currentDesktopChanged: new Signal(),
        currentActivityChanged: new Signal(),
        [names.list]: () => kwin.list,
        [names.added]: new Signal(),
        [names.removed]: new Signal(),
    };

    kwin.workspace = workspace;
    kwin.add = (className, pid) => {
        const window = new Window(version, className, pid);

        kwin.list.push(window);
        workspace[names.added].emit(window);
        return window;
    };
    kwin.remove = (window) => {
        kwin.list = kwin.list.filter((other) => other !== window);
        workspace[names.removed].emit(window);
    };
    kwin.moved = (window) => window[names.windowDesktop].emit(window);
    kwin.run = () => vm.runInNewContext(source, {
        workspace,
        callDBus: (name, path, iface, method, ...args) => {
            assert.strictEqual(name, "org.panthormem.Agent1");
            assert.strictEqual(path, "/org/panthormem/Agent1");
            assert.strictEqual(iface, name);
            kwin.calls.push([method, ...args]);
        },
        QTimer: class {
            constructor() {
                this.timeout = new Signal();
                kwin.timers.push(this);
            }
            start() {
                this.started = true;
            }
        },
    });
    // What was called since the last time.
    kwin.take = () => kwin.calls.splice(0).map((call) => call.join(" "));
    return kwin;
}

function check(kwin, ...wanted) {
    assert.deepStrictEqual(kwin.take(), wanted);
}

for (const version of Object.keys(versions)) {
    next = 1;
    const kwin = start(version);
    const first = kwin.add("KWin::XdgToplevelWindow", 10);

    kwin.run();
    check(kwin, "Window {1} 10 true app10 false false", "Sync");
    // The agent closes windows that were not repeated for longer than this.
    assert.ok(kwin.timers[0].started && kwin.timers[0].interval < 30000);
    kwin.timers[0].timeout.emit();
    check(kwin, "Window {1} 10 true app10 false false", "Sync");

    const x11 = kwin.add("KWin::X11Window", 11);

    check(kwin, "Window {2} 11 false app11 false false");
    first.minimized = true;
    first.minimizedChanged.emit();
    check(kwin, "Window {1} 10 true app10 true false");
    first.minimized = false;
    first.active = true;
    first.activeChanged.emit();
    check(kwin, "Window {1} 10 true app10 false true");
    first.active = false;

    // Desktops.
    first.putOn(1);
    kwin.moved(first);
    check(kwin, "Window {1} 10 true app10 true false");
    kwin.workspace.currentDesktop = versions[version].desktops[1];
    kwin.workspace.currentDesktopChanged.emit();
    check(kwin, "Window {1} 10 true app10 false false", "Window {2} 11 false app11 true false",
        "Sync");
    x11.onAllDesktops = true;
    kwin.moved(x11);
    check(kwin, "Window {2} 11 false app11 false false");

    // Activities.
    first.activities = ["b"];
    first.activitiesChanged.emit();
    check(kwin, "Window {1} 10 true app10 true false");
    kwin.workspace.currentActivity = "b";
    kwin.workspace.currentActivityChanged.emit();
    check(kwin, "Window {1} 10 true app10 false false", "Window {2} 11 false app11 false false",
        "Sync");

    kwin.remove(first);
    check(kwin, "WindowClosed {1}");
    // A class that the script does not know, and a window without the name of an application.
    const strange = kwin.add("KWin::SomethingNew", 12);

    check(kwin, "Window {3} 12 false app12 true false");
    strange.desktopFileName = "";
    strange.activeChanged.emit();
    check(kwin, "Window {3} 12 false class true false");
}

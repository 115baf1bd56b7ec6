// Which folders of src/ each may import from; the arrows run one way.
const MAY_IMPORT = {
  host: [],
  color: [],
  chart: [],
  api: ["host"],
  model: ["api"],
  draw: ["api", "color", "model"],
  state: ["api", "color", "host", "model"],
  export: ["api", "draw", "host", "model", "state"],
  ui: ["api", "chart", "color", "draw", "host", "model", "state"],
  views: ["api", "chart", "color", "draw", "export", "host", "model", "state", "ui"],
};

/** `api/held` answers the routes from the log inside a stand-alone page, for which it computes as the server does. */
const HELD = "^src/api/held/";

const arrows = Object.entries(MAY_IMPORT).map(([folder, others]) => ({
  name: `arrows of ${folder}`,
  severity: "error",
  from: { path: `^src/${folder}/`, ...(folder === "api" ? { pathNot: HELD } : {}) },
  to: { path: "^src/", pathNot: `^src/(${[folder, ...others].join("|")})/` },
}));

export default {
  forbidden: [
    { name: "no circles", severity: "error", from: {}, to: { circular: true } },
    ...arrows,
    {
      name: "sentences have one entry",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/model/sentences/" },
      to: { path: "^src/model/sentences/", pathNot: "^src/model/sentences/index.ts$" },
    },
    {
      name: "arrows of api/held",
      severity: "error",
      from: { path: HELD },
      to: { path: "^src/", pathNot: "^src/(api|model)/" },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
  },
};

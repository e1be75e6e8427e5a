"""What makes a word look like a file's name: data."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a table of data."""
    return frozenset(text.split())


EXTENSIONS = word_set(
    """
    4gl abap ada adb adoc ads ahk aidl alloy apib applescript apxc arb arduino as asc asciidoc asm asp aspx
    astro au3 avdl avi avif avsc awk bas bash bat bats bazel bib bicep bin blade bmp bpmn bz2 bzl c c++ cabal
    capnp cbl cc ccp cer cfc cfg cfm cfml cgi cjs cl clj cljc cljs cls cmake cmd cob cobol coffee conf config
    container cpp cppm cr crt cs csh cshtml csl csproj css csv cts cu cue cuh cxx cypher d dart dat db dbml dcm
    desktop dhall diff dll do doc docx dot dpr drawio dsl dts dtd dtsi dylib ecr edn eex ejs el elm eml env eot
    epub eps erb erl es6 es ets eslintrc ex exe exs f f03 f08 f77 f90 f95 fbs feature fish flac flow fmx fnl for
    frag frm fs fsi fsproj fsx ftl fxml gd gdshader gemspec geojson gif glade gleam glsl gml gn gni go god
    gnuplot gotmpl gpg gql gpx gradle grammar graphql graphqls groovy gsp gz h h++ haml handlebars har hbs hcl
    heex hh hjson hlsl hpp hrl hs htm html htmx http hx hxx ico ics idl iml in ini inc inl ino inp ipp ipynb iso
    ispc j2 jade jai jar java jbuilder jenkinsfile jinja jinja2 jl jpeg jpg js jsm json json5 jsonc jsonl jsonld
    jsonnet jsp jsx jule just kdl kml ks ksh kt kts latex ldif leex less lean lhs libsonnet liquid lisp lkml ll
    log lua luau lean m m4 magik mak make markdown mat md mdc mdown mdx mesh mjml mjs mk mkv ml mli mll mly mm
    mod mojo moon mov mp3 mp4 mpg mps mts mustache mxml myt nasm ndjson nf nginx nim nimble nims nix njk nqp nsi
    ntriples nu numbers nuspec odin odp ods odt ogg ohm opml org orm otf p pas patch pbtxt pcss pdf pem peg pfx
    php phtml pig pkl pl plist plsql pm png po pod podspec pot pp ppm pptx prisma pro prolog properties props
    proto ps1 psd psd1 psm1 psql pug puml purs pxd pxi py pyc pyi pyproj pyw pyx q qasm qml qmd qrc r rake raml
    rb rbi rbs re rego rei res resx rhtml rkt rlib rmd rng robot ron rpm rpy rs rst rtf rules ru s sas sass sbt
    sc scad scala scm scss sed service sh shader shtml sig sj slim slint sln smali sml smt2 snap so socket sol
    soy sparql spec sql sqlite sqlite3 src ss st stan star story strings styl stylus sub sv svelte svg svh swg
    swift t tar targets tbl tcl templ template tex tf tfstate tfvars tgz thrift tif tiff timer tla tmpl toml tpl
    tql ts tsp tsv tsx ttf tui tw twig txt typ ui unity uproject user v vala vb vba vbproj vbs vcxproj vert vhd
    vhdl vim vsdx vtt vue vy wasm wat wav webm webp wgsl wit wixproj woff woff2 wren wsdl wsgi x x86 xaml
    xcconfig xib xlf xls xlsx xhtml xml xpl xq xsd xsl xslt 7z rar types whl xz y yaml yang yar yara yml yy zig zip
    zsh zst
    """
)

# With these, a word alone is as likely prose, code or a host: they need a folder before them.
AMBIGUOUS = word_set(
    """
    as asc au3 bin config container cr d dat db desktop do es f flow for god http in inc j k l mat mesh mod
    numbers p pot pro props q re res rules s sc service sig snap socket spec src ss st story sub t targets
    template timer ui user v x y env for make cls strings types
    """
)

NOT_FILES = word_set(
    """
    a.c a.d a.k a.m a.s b.c c.f e.g i.e p.m p.s q.e.d r.i.p u.k u.s v.s w.r.t alpine.js angular.js anime.js
    babylon.js backbone.js bottle.py bun.js chart.js crates.io d3.js discord.js discord.py docs.rs electron.js
    ember.js express.js ext.js fabric.js fastify.js gatsby.js github.io handlebars.js hapi.js highlight.js
    howler.js jquery.js koa.js knockout.js konva.js leaflet.js lodash.js mapbox.js marko.js math.js
    matter.js meteor.js mithril.js moment.js mustache.js nest.js next.js node.js nuxt.js p5.js paper.js
    phaser.js pixi.js plotly.js preact.js prism.js pulumi.js quill.js react.js require.js riot.js ruamel.yaml
    sails.js socket.io solid.js stimulus.js strapi.js svelte.js tensorflow.js three.js tone.js turbo.js
    underscore.js video.js vue.js web.py zx.js console.log logger.log math.log np.log numpy.log torch.log
    process.env meta.env import.meta.env asp.net vb.net ml.net req.json res.json request.json
    response.json this.js example.org gnu.org python.org apache.org wikipedia.org mozilla.org kernel.org w3.org
    eff.org ietf.org pypi.org orgmode.org freedesktop.org archlinux.org debian.org postgresql.org sqlite.org
    nodejs.org npmjs.org eslint.org typescriptlang.org rust-lang.org ruby-lang.org vim.org neovim.org scipy.org
    numpy.org llvm.org ziglang.org
    """
)

EXTENSIONLESS = word_set(
    """
    Appfile Berksfile Brewfile Caddyfile Capfile Cartfile Cheffile Containerfile Dangerfile Dockerfile Earthfile
    Fastfile GNUmakefile Gemfile Guardfile Jenkinsfile Justfile Kconfig Makefile Matchfile Mintfile PKGBUILD
    Pipfile Podfile Procfile Puppetfile Rakefile SConscript SConstruct Snakefile Snapfile Steepfile Thorfile
    Tiltfile Vagrantfile CHANGELOG CODEOWNERS LICENSE README justfile gradlew
    meson.build dune-project BUILD.bazel WORKSPACE.bazel go.mod go.sum go.work Cargo.lock yarn.lock poetry.lock
    MANIFEST.in Makefile.in Makefile.am configure.ac uv.lock composer.lock Gemfile.lock
    Pipfile.lock Podfile.lock flake.lock mix.lock pubspec.lock
    """
)

# Known also in small letters once a folder stands before them.
EXTENSIONLESS_IN_FOLDER = frozenset(name.lower() for name in EXTENSIONLESS) | {"build", "workspace"}

DOTFILES = word_set(
    """
    .bash_aliases .bash_history .bash_login .bash_logout .bash_profile .clang-format .clang-tidy .clangd
    .clinerules .coveragerc .cursorrules .dir-locals.el .editorconfig .emacs .envrc .flake8 .flowconfig
    .formatter.exs .gitattributes .gitconfig .gitkeep .gitlab-ci.yml .gitmessage .gitmodules .htaccess .htpasswd
    .keep .latexmkrc .luacheckrc .mailmap .netrc .node-version .npmrc .nvmrc .php_cs .php-version .profile
    .pylintrc .python-version .roomodes .rspec .rubocop.yml .ruby-version .screenrc .stylelintrc .swift-version
    .terraform.lock.hcl .tmux.conf .tool-versions .vimrc .watchmanconfig .windsurfrules .yarnrc .zprofile
    .zshenv .zlogin
    """
)

TOP_LEVEL_DOMAINS = word_set(
    """
    ai app at au be biz br ca ch cloud club cn co com cz de dev dk edu es eu fi fr gov gr hu ie il in info int
    io it jp kr me mil mobi museum name net nl no nz online org page pl pro pt ru se sg shop site space store su
    tech to tr tv tw ua uk us xyz za
    """
)

# Files of instructions that clients attach of themselves; they count only where the user or a tool names them.
MEMORY_FILES = word_set(
    """
    agents.md claude.md claude.local.md gemini.md qwen.md copilot-instructions.md .cursorrules .clinerules
    .windsurfrules .goosehints memory.md skill.md     """
)

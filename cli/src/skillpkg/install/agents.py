"""Where agents look for skills: a dated table.

Agents move their folders; a row that went stale is mended here alone. Read in November 2026 from
the agents' own documentation as collected in vercel-labs/skills' README (revision 007a533).
"""

from __future__ import annotations

from dataclasses import dataclass

READ_ON = "2026-11-20"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Attributes:
        id: what ``-t`` takes.
        project: its skills folder below a project.
        user: its skills folder below the home folder; empty when it has none.
        moved_by: the variable that moves the first part of ``user``, if the agent has one.
    """

    id: str
    label: str
    project: str
    user: str
    moved_by: str = ""


_MOVED_BY = {"claude-code": "CLAUDE_CONFIG_DIR", "codex": "CODEX_HOME"}

_ROWS = """
adal | AdaL | .adal/skills | .adal/skills
aider-desk | AiderDesk | .aider-desk/skills | .aider-desk/skills
amp | Amp | .agents/skills | .config/agents/skills
antigravity | Antigravity | .agents/skills | .gemini/antigravity/skills
antigravity-cli | Antigravity CLI | .agents/skills | .gemini/antigravity-cli/skills
astrbot | AstrBot | data/skills | .astrbot/data/skills
augment | Augment | .augment/skills | .augment/skills
autohand-code | Autohand Code CLI | .autohand/skills | .autohand/skills
bob | IBM Bob | .bob/skills | .bob/skills
claude-code | Claude Code | .claude/skills | .claude/skills
cline | Cline | .agents/skills | .agents/skills
codearts-agent | CodeArts Agent | .codeartsdoer/skills | .codeartsdoer/skills
codebuddy | CodeBuddy | .codebuddy/skills | .codebuddy/skills
codemaker | Codemaker | .codemaker/skills | .codemaker/skills
codestudio | Code Studio | .codestudio/skills | .codestudio/skills
codewhale | CodeWhale | .codewhale/skills | .codewhale/skills
codex | Codex | .agents/skills | .codex/skills
command-code | Command Code | .commandcode/skills | .commandcode/skills
continue | Continue | .continue/skills | .continue/skills
cortex | Cortex Code | .cortex/skills | .snowflake/cortex/skills
crush | Crush | .crush/skills | .config/crush/skills
cursor | Cursor | .agents/skills | .cursor/skills
deepagents | Deep Agents | .agents/skills | .deepagents/agent/skills
devin | Devin for Terminal | .devin/skills | .config/devin/skills
dexto | Dexto | .agents/skills | .agents/skills
droid | Droid | .agents/skills | .factory/skills
eve | Eve | agent/skills |
firebender | Firebender | .agents/skills | .firebender/skills
forgecode | ForgeCode | .forge/skills | .forge/skills
fx | fx | .fx/skills | .fx/skills
gemini-cli | Gemini CLI | .agents/skills | .gemini/skills
github-copilot | GitHub Copilot | .agents/skills | .copilot/skills
goose | Goose | .goose/skills | .config/goose/skills
grok | Grok Build | .grok/skills | .grok/skills
hermes-agent | Hermes Agent | .hermes/skills | .hermes/skills
iflow-cli | iFlow CLI | .iflow/skills | .iflow/skills
inference-sh | inference.sh | .inferencesh/skills | .inferencesh/skills
jazz | Jazz | .jazz/skills | .jazz/skills
junie | Junie | .junie/skills | .junie/skills
kilo | Kilo Code | .agents/skills | .kilo/skills
kimchi | Kimchi | .kimchi/skills | .config/kimchi/harness/skills
kimi-code-cli | Kimi Code CLI | .agents/skills | .agents/skills
kiro-cli | Kiro CLI | .kiro/skills | .kiro/skills
kode | Kode | .kode/skills | .kode/skills
lingma | Lingma | .lingma/skills | .lingma/skills
loaf | Loaf | .agents/skills | .agents/skills
mcpjam | MCPJam | .mcpjam/skills | .mcpjam/skills
minimax-code | MiniMax Code | .minimax/skills | .minimax/skills
mistral-vibe | Mistral Vibe | .vibe/skills | .vibe/skills
moxby | Moxby | .moxby/skills | .moxby/skills
mux | Mux | .mux/skills | .mux/skills
neovate | Neovate | .neovate/skills | .neovate/skills
ona | Ona | .ona/skills | .ona/skills
openclaw | OpenClaw | skills | .openclaw/skills
opencode | OpenCode | .agents/skills | .config/opencode/skills
openhands | OpenHands | .openhands/skills | .openhands/skills
pi | Pi | .pi/skills | .pi/agent/skills
pochi | Pochi | .pochi/skills | .pochi/skills
posit-assistant | Posit Assistant | .posit/assistant/skills | .posit/assistant/skills
promptscript | PromptScript | .agents/skills |
qoder | Qoder | .qoder/skills | .qoder/skills
qoder-cn | Qoder CN | .qoder/skills | .qoder-cn/skills
qwen-code | Qwen Code | .qwen/skills | .qwen/skills
reasonix | Reasonix | .reasonix/skills | .reasonix/skills
replit | Replit | .agents/skills | .config/agents/skills
roo | Roo Code | .roo/skills | .roo/skills
rovodev | Rovo Dev | .rovodev/skills | .rovodev/skills
sarvam-code | Sarvam Code | .agents/skills | .agents/skills
tabnine-cli | Tabnine CLI | .tabnine/agent/skills | .tabnine/agent/skills
terramind | Terramind | .terramind/skills | .terramind/skills
tinycloud | Tinycloud | .tinycloud/skills | .tinycloud/skills
trae | Trae | .trae/skills | .trae/skills
trae-cn | Trae CN | .trae/skills | .trae-cn/skills
universal | Universal | .agents/skills | .config/agents/skills
warp | Warp | .agents/skills | .agents/skills
windsurf | Windsurf | .windsurf/skills | .codeium/windsurf/skills
zcode | ZCode | .zcode/skills | .zcode/skills
zed | Zed | .agents/skills | .agents/skills
zencoder | Zencoder | .zencoder/skills | .zencoder/skills
zenflow | Zenflow | .zencoder/skills | .zencoder/skills
"""


def _agents() -> dict[str, Agent]:
    agents = {}
    for line in _ROWS.strip().splitlines():
        name, label, project, user = (cell.strip() for cell in line.split("|"))
        agents[name] = Agent(name, label, project, user, _MOVED_BY.get(name, ""))
    return agents


AGENTS = _agents()

"""What the server answers, one file a noun."""

from fastapi import APIRouter

from microtome.server.routes import (
    annotations,
    atlases,
    evaluations,
    graphs,
    jobs,
    library,
    runs,
    studies,
)


def routers() -> list[APIRouter]:
    modules = (library, atlases, annotations, graphs, jobs, runs, evaluations, studies)
    return [module.router for module in modules]

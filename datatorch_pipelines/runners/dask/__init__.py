"""`DaskRunner`: jobs on the workers of a Dask cluster.

A job is one long task of Dask's, so that Dask itself chooses the worker, by free slots and by resources. That task
makes the job's place on its worker (``hub.py``, ``place.py``) and says where that is (``leases.py`` hears it). From
then on the client talks to the place (``remote.py``) by calls that go through the scheduler, since often nothing else
of a cluster can be reached. One such call to each worker always waits there for news: what steps write, how they end.
"""

from datatorch_pipelines.runners.dask.runner import DaskRunner

__all__ = ["DaskRunner"]

"""Stub for trying the core."""
from __future__ import annotations
from collections import deque
from attrs import frozen

@frozen
class Unit:
    job: str
    instance: int | None = None

class Schedule:
    def __init__(self, needs, max_parallel):
        self.left={j:len(n) for j,n in needs.items()}
        self.dep={j:[] for j in needs}
        for j,n in needs.items():
            for x in n: self.dep[x].append(j)
        self.dec=deque(j for j in needs if not self.left[j])
        self.q=deque(); self.r=0; self.mp=max_parallel; self.ended_=set(); self.groups={}
    def decide(self): return self.dec.popleft() if self.dec else None
    def admit(self, job, count=None, max_parallel=None):
        self.groups[job]=[deque([None] if count is None else range(count)),0,max_parallel,count]
        self.q.append(job)
    def skip(self, job): self._end(job)
    def _end(self, job):
        self.ended_.add(job)
        for d in self.dep[job]:
            self.left[d]-=1
            if not self.left[d]: self.dec.append(d)
    def take(self):
        if self.r>=self.mp: return None
        for _ in range(len(self.q)):
            j=self.q.popleft(); g=self.groups[j]
            if not g[0]: continue
            self.q.append(j)
            if g[2] and g[1]>=g[2]: continue
            i=g[0].popleft(); g[1]+=1; self.r+=1
            return Unit(job=j,instance=i)
        return None
    def release(self, unit):
        g=self.groups[unit.job]; g[1]-=1; self.r-=1
        if not g[0] and not g[1]:
            self._end(unit.job); return True
        return False
    def withdraw(self, job):
        g=self.groups[job]; out=tuple(g[0]); g[0].clear(); return out
    @property
    def running(self): return self.r
    @property
    def done(self): return len(self.ended_)==len(self.left)

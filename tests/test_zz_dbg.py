import time, collections, re
from pathlib import Path
from earshot.intake import actions, maps, queries
from django.db import connection
def test_x(world):
    m,taken=actions.look(Path("/work/shared/data/crm-sales"), maps.locate("crm-sales"), ordered_by=None)
    keys=list(taken.deals); taken.deals={k:taken.deals[k] for k in keys[:4000]}
    stat=collections.defaultdict(lambda:[0,0.0])
    def wrap(execute, sql, params, many, context):
        t=time.perf_counter()
        try: return execute(sql, params, many, context)
        finally:
            d=time.perf_counter()-t; k=re.sub(r"s\d+_x\d+","S",sql)[:230]; stat[k][0]+=1; stat[k][1]+=d
    t0=time.perf_counter()
    with connection.execute_wrapper(wrap):
        actions.take_in(m,taken,ordered_by=None,tell=lambda a,b: print(a, round(time.perf_counter()-t0,1)) if a%500==0 else None)
    print("total", time.perf_counter()-t0, "sql", sum(v[1] for v in stat.values()))
    for k,v in sorted(stat.items(), key=lambda kv:-kv[1][1])[:14]: print(v[0], round(v[1],2), k)

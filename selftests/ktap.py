# SPDX-License-Identifier: GPL-2.0
"""What a test in Python prints, and what it wants to know of the kernel."""
import os
import traceback


def slow_kernel():
    """Is it built for debugging?  lib.sh asks the same."""
    return any(map(os.path.exists, ('/proc/lockdep', '/sys/kernel/debug/kcsan')))


def run_tests(tests):
    """Each prints its result, in KTAP."""
    print('KTAP version 1')
    print(f'1..{len(tests)}', flush=True)
    for index, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {index} {test.__doc__}', flush=True)
        except Exception as error:  # whatever it was: the test has failed
            where = traceback.extract_tb(error.__traceback__)[-1].lineno
            print(f'not ok {index} {test.__doc__}')
            for line in f'line {where}: {error!r}'[:2000].splitlines():
                print(f'# {line}', flush=True)
    print('# done', flush=True)

"""A machine that attests nothing. SIMULATED - NO SECURITY.

For demos, tests and trials. A production deployment imports nothing of this
package, and loads no root at which its evidence could end.
"""

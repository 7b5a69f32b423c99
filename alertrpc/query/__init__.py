"""Compiles the parameters of a get method into one statement, whose rows are finished JSON text, or into steps to it.

A table has the same alias in every statement; the alias of a subselect hides the row outside:

    acknowledges      ak        events            e        media_type_param  mp       triggers          t
    actions           ac        hosts             h        object_hosts      oh       users             u
    alarms            al        hosts_groups      hg       resends           rs       users_groups      ug
    alerts            a         hstgrp            g        rights            r        usrgrp            usg
    attempts          att       media             m        role              ro
    event_recovery    er        media_type        mt       event_tag         et       alert_index       a

A second row of a table is named by its role:

    events            re        the recovery of a problem
    events            pe        the problem that a recovery ended
    alerts            texts     the texts of a row of alert_index, which is `a` as the alert itself
    object_hosts      other     another host of the object
    users_groups      mine      a group of the caller
    users_groups      theirs    who is in it
"""

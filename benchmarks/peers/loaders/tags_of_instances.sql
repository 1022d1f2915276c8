SELECT it.instance_id AS parent, t.name
  FROM instance_tags AS it JOIN tags AS t ON t.id = it.tag_id
 WHERE it.instance_id = ANY ($1::bigint[])
 ORDER BY t.name, t.id
